"""Calibration: scores become probabilities that mean what they say."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import DataError
from tamis.tasks import Floats, Task, sigmoid, softmax

Method = Literal["none", "temperature", "vector", "isotonic"]
TINY = 1e-9


class Curve(BaseModel):
    """A rising curve through points: what the model says, and what it means."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    said: tuple[float, ...]
    means: tuple[float, ...]


class Calibration(BaseModel):
    """How a model's logits become probabilities: a scale and a shift for each output, or a curve for each.

    One scale for all is temperature scaling, one each with a shift is vector scaling. Curves (isotonic) map the
    probability of each output; where outputs exclude each other they are made to sum to 1 again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Method = "none"
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()
    curves: tuple[Curve, ...] = ()

    def probabilities(self, task: Task, logits: Floats) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of each output, row by row."""
        scaled, outputs = logits.astype(np.float64), len(task.outputs)
        for what, many in (("scale", len(self.scale)), ("shift", len(self.shift)), ("curves", len(self.curves))):
            if many not in (0, outputs) and (what, many) != ("scale", 1):
                raise DataError(f"the calibration has {many} values of {what} for {outputs} outputs: {self.method}")
        if self.scale:
            scaled = scaled * np.array(self.scale)
        if self.shift:
            scaled = scaled + np.array(self.shift)
        if self.curves:
            raw = softmax(scaled) if task.exclusive else sigmoid(scaled)
            meant = np.empty_like(raw)
            for output, curve in enumerate(self.curves):
                meant[:, output] = np.interp(raw[:, output], curve.said, curve.means)
            meant = meant.clip(TINY, 1 - TINY)
            # back to logits, so that the task itself makes them sum to 1 or keeps parents above children
            scaled = np.log(meant) if task.exclusive else np.log(meant / (1 - meant))
        return task.probabilities(scaled)
