"""Gate: may this model be approved? Conditions, each with the value that was found, its bound, and a reason."""

from tamis.pipeline.gate.conditions import (
    against_champion,
    baseline_beaten,
    behaviour_holds,
    calibrated,
    data_sound,
    minimum_reached,
    parity_shown,
    slices_reach,
)
from tamis.pipeline.gate.page import gate_page
from tamis.pipeline.gate.verdict import Verdict

__all__ = [
    "Verdict",
    "against_champion",
    "baseline_beaten",
    "behaviour_holds",
    "calibrated",
    "data_sound",
    "gate_page",
    "minimum_reached",
    "parity_shown",
    "slices_reach",
]
