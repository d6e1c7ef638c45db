"""Evaluate: how good is the model really?

In go a bundle and labelled rows; out come scores with intervals, the linear baseline beside them, slices, likely label
errors, behavioural tests, and the comparison of two models, as JSON and as one page.
"""

from tamis.evaluate.behaviour import (
    PERTURBATIONS,
    Suite,
    SuiteResult,
    junit_xml,
    read_suite,
    run_suite,
    starter_suite,
    suite_page,
)
from tamis.evaluate.compare import Comparison, compare_models
from tamis.evaluate.config import EvaluateSettings
from tamis.evaluate.label_errors import (
    LabelErrors,
    Suspect,
    find_label_errors,
    label_errors_page,
    label_in_words,
    trained_judge,
)
from tamis.evaluate.labelled import LabelledRows, read_labelled
from tamis.evaluate.rows import ScoredRows, score_rows, scored

__all__ = [
    "PERTURBATIONS",
    "Comparison",
    "EvaluateSettings",
    "LabelErrors",
    "LabelledRows",
    "ScoredRows",
    "Suite",
    "SuiteResult",
    "Suspect",
    "compare_models",
    "find_label_errors",
    "junit_xml",
    "label_errors_page",
    "label_in_words",
    "read_labelled",
    "read_suite",
    "run_suite",
    "score_rows",
    "scored",
    "starter_suite",
    "suite_page",
    "trained_judge",
]
