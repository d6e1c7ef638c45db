"""Diagnosis: what goes wrong in a training, said while it runs: one file a rule, each with what to try."""

from tamis.train.diagnosis.diagnosis import KIND, RULES, Diagnosis, check_stop_on
from tamis.train.diagnosis.rule import Rule

__all__ = ["KIND", "RULES", "Diagnosis", "Rule", "check_stop_on"]
