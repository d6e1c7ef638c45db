"""Reliability: of what the model is 80 % sure, are 80 % right?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights

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

    confidence: npt.NDArray[np.float64]
    """rows x columns."""
    right: npt.NDArray[np.bool_]
    bins: int = BINS

    def measure(self, weights: Weights) -> Scores:
        """Return the error of each draw."""
        total = weights.sum(1)
        gaps = [
            np.abs(confident - right).sum(1) / total
            for confident, right, _ in (self._binned(weights, column) for column in range(self.confidence.shape[1]))
        ]
        return Scores({"ece": np.mean(gaps, axis=0)}, {})

    def table(self, column: int = 0) -> list[ReliabilityBin]:
        """Return the bins of one column, the least confident first, for a diagram."""
        confident, right, rows = (part[0] for part in self._binned(np.ones((1, len(self.confidence))), column))
        return [
            ReliabilityBin(float(confident[place] / rows[place]), float(right[place] / rows[place]), float(rows[place]))
            for place in np.flatnonzero(rows)
        ]

    def _binned(self, weights: Weights, column: int) -> tuple[npt.NDArray[np.float64], ...]:
        """Return draws x bins thrice: the sums of confidence, of right answers, of weights."""
        draws = len(weights)
        if not len(self.confidence):
            return tuple(np.zeros((draws, self.bins)) for _ in range(3))
        order = np.argsort(self.confidence[:, column], kind="stable")
        confidence = self.confidence[order, column]
        ranked = weights[:, order]
        right = ranked * self.right[order, column]
        firsts = np.flatnonzero(np.diff(confidence, prepend=-np.inf))
        if len(firsts) < len(order):
            ranked, right = np.add.reduceat(ranked, firsts, axis=1), np.add.reduceat(right, firsts, axis=1)
        so_far = ranked.cumsum(1)
        middle = np.nan_to_num((so_far - ranked / 2) / so_far[:, -1:])
        places = np.minimum((middle * self.bins).astype(np.int64), self.bins - 1)
        places += np.arange(draws)[:, None] * self.bins

        def summed(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
            flat = np.bincount(places.ravel(), weights=values.ravel(), minlength=draws * self.bins)
            return flat.astype(np.float64).reshape(draws, self.bins)

        return summed(ranked * confidence[firsts]), summed(right), summed(ranked)
