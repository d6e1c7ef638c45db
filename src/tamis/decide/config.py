"""DecideSettings: the `decide` section of tamis.yaml."""

from __future__ import annotations

from typing import Literal

from tamis.core import Settings


class DecideSettings(Settings):
    """The `decide` section of tamis.yaml."""

    calibration: Literal["auto", "none", "temperature", "vector", "isotonic"] = "auto"
    """How scores become probabilities; auto takes what has the lowest log-loss on rows it did not see."""
    seed: int = 0
    """For the folds that choose."""
