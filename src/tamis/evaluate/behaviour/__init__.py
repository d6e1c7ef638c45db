"""Behaviour: does the model do what nobody doubts it should?

In go a model and a suite (a YAML file of functionality, invariance and direction tests); out come pass rates with
intervals and the texts that did not pass.
"""

from tamis.evaluate.behaviour.junit import junit_xml
from tamis.evaluate.behaviour.page import suite_page
from tamis.evaluate.behaviour.perturbations import PERTURBATIONS
from tamis.evaluate.behaviour.result import Failure, SuiteResult, TestResult
from tamis.evaluate.behaviour.run import Answerer, run_suite
from tamis.evaluate.behaviour.starter import starter_suite
from tamis.evaluate.behaviour.suite import Suite, read_suite

__all__ = [
    "PERTURBATIONS",
    "Answerer",
    "Failure",
    "Suite",
    "SuiteResult",
    "TestResult",
    "junit_xml",
    "read_suite",
    "run_suite",
    "starter_suite",
    "suite_page",
]
