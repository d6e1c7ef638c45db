"""Decide: how sure is the model, and when should it keep silent?

In go a model's raw scores on rows whose labels are known; out comes a `Decider`: calibration, decision rule and the
guard against unknown text, as plain numbers that a bundle stores. It turns scores into `Prediction` objects the same
way everywhere, and needs no torch.
"""

from tamis.decide.calibration import Calibration, Curve
from tamis.decide.config import DecideSettings
from tamis.decide.decider import Decider
from tamis.decide.fit import DecideReport, FittedDecider, fit_decider
from tamis.decide.fit_calibration import CalibrationReport, MethodScore, fit_calibration
from tamis.decide.fit_rule import check_goal, fit_rule
from tamis.decide.fit_unknown import MOST_REFERENCES, UnknownReport
from tamis.decide.promise import Measured, Promise, check_promise
from tamis.decide.reasons import CONFIDENT, EMPTY, LOW_CONFIDENCE, REASONS, UNKNOWN_TEXT
from tamis.decide.rule import Rule, Verdict
from tamis.decide.unknown import FILE as UNKNOWN_FILE
from tamis.decide.unknown import Unknown

__all__ = [
    "CONFIDENT",
    "EMPTY",
    "LOW_CONFIDENCE",
    "MOST_REFERENCES",
    "REASONS",
    "UNKNOWN_FILE",
    "UNKNOWN_TEXT",
    "Calibration",
    "CalibrationReport",
    "Curve",
    "DecideReport",
    "DecideSettings",
    "Decider",
    "FittedDecider",
    "Measured",
    "MethodScore",
    "Promise",
    "Rule",
    "Unknown",
    "UnknownReport",
    "Verdict",
    "check_goal",
    "check_promise",
    "fit_calibration",
    "fit_decider",
    "fit_rule",
]
