"""Reliability: of what the model is 80 % sure, are 80 % right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights

Numbers = npt.NDArray[np.float64]
BINS = 15


@dataclass(frozen=True)
class ReliabilityBin:
    """Rows of like confidence: how sure the model was on average, how often right, and how many rows they are."""

    confidence: float
    right: float
    rows: float


@dataclass(frozen=True)
class Reliability:
    """Expected calibration error: the mean gap of confidence and truth over bins with equally many rows.

    Several columns (labels of which a row may bear several) are binned each by itself, and their errors averaged.
    Rows with one and the same confidence are never parted.
    """

    confidence: Numbers
    """rows x columns."""
    right: npt.NDArray[np.bool_]
    bins: int = BINS

    def measure(self, weights: Weights) -> Scores:
        """Return the error of each draw."""
        total = weights.sum(1)
        gaps = np.zeros(len(weights))
        for column in range(self.confidence.shape[1]):
            places = _Places.of(self.confidence[:, column])
            for draw, line in enumerate(weights):
                gaps[draw] += np.abs(self._sum(places, line, self.confidence[:, column] - self.right[:, column])).sum()
        return Scores({"ece": gaps / total / self.confidence.shape[1]}, {})

    def table(self, column: int = 0) -> list[ReliabilityBin]:
        """Return the bins of one column, the least confident first, for a diagram."""
        places, ones = _Places.of(self.confidence[:, column]), np.ones(len(self.confidence))
        rows = self._sum(places, ones, ones)
        confidence = self._sum(places, ones, self.confidence[:, column])
        right = self._sum(places, ones, self.right[:, column].astype(np.float64))
        return [
            ReliabilityBin(
                float(confidence[place] / rows[place]), float(right[place] / rows[place]), float(rows[place])
            )
            for place in np.flatnonzero(rows)
        ]

    def _sum(self, places: _Places, weights: Numbers, values: Numbers) -> Numbers:
        bins = places.bins(weights, self.bins)
        return np.bincount(bins, weights=weights * values, minlength=self.bins).astype(np.float64)


@dataclass(frozen=True)
class _Places:
    """Where rows stand by rising confidence; equal ones share a place."""

    order: npt.NDArray[np.int64]
    first: npt.NDArray[np.int64]
    last: npt.NDArray[np.int64]

    @classmethod
    def of(cls, confidence: Numbers) -> _Places:
        order = np.argsort(confidence, kind="stable")
        first, last = (np.searchsorted(confidence[order], confidence, side) for side in ("left", "right"))
        return cls(order, first, last)

    def bins(self, weights: Numbers, bins: int) -> npt.NDArray[np.int64]:
        """Return the bin of each row: bins hold equal weights, and a row is where the middle of its place is."""
        below = np.concatenate([[0.0], np.cumsum(weights[self.order])])
        middle = (below[self.first] + below[self.last]) * (bins / 2 / max(below[-1], 1e-300))
        return np.asarray(np.minimum(middle.astype(np.int64), bins - 1))
