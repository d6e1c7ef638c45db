"""Decide: how sure is the model, and when should it keep silent?

In go a model's raw scores on rows whose labels are known; out comes a `Decider`: calibration, decision rule and the
guard against unknown text, as plain numbers that a bundle stores. It turns scores into `Prediction` objects the same
way everywhere, and needs no torch.
"""

from tamis.decide.calibration import Calibration
from tamis.decide.config import DecideSettings
from tamis.decide.decider import Decider
from tamis.decide.rule import Rule
from tamis.decide.unknown import Unknown

__all__ = ["Calibration", "DecideSettings", "Decider", "Rule", "Unknown"]
