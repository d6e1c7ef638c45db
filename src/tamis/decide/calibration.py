"""Calibration: scores become probabilities that mean what they say."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.tasks import Floats, Task


class Calibration(BaseModel):
    """How a model's logits become probabilities: a scale and a shift for each output.

    One scale for all is temperature scaling, one each is vector scaling.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["none", "temperature", "vector", "isotonic"] = "none"
    scale: tuple[float, ...] = ()
    shift: tuple[float, ...] = ()

    def probabilities(self, task: Task, logits: Floats) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of each output, row by row."""
        scaled = logits.astype(np.float64)
        if self.scale:
            scaled = scaled * np.array(self.scale)
        if self.shift:
            scaled = scaled + np.array(self.shift)
        return task.probabilities(scaled)
