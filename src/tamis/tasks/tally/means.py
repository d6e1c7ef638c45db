"""Means: measures that are the mean of a number of each row, such as log-loss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights


@dataclass(frozen=True)
class Means:
    """Named numbers of each row; NaN where the measure does not ask the row (one the model was silent on)."""

    rows: Mapping[str, npt.NDArray[np.float64]]

    def measure(self, weights: Weights) -> Scores:
        """Return the weighted mean of each number."""
        overall = {}
        for name, values in self.rows.items():
            asked = ~np.isnan(values)
            overall[name] = (weights @ np.where(asked, values, 0.0)) / (weights @ asked.astype(np.float64))
        return Scores(overall, {})
