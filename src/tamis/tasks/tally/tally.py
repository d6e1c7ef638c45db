"""Tally: the parts that score some rows, and what they say under any weights of these rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from tamis.core import DataError

Weights = npt.NDArray[np.float64]
"""draws x rows: how much each row counts."""

LOWER_IS_BETTER = frozenset({"log_loss", "brier", "ece", "mae", "hamming"})
"""The measures in which less is more; of all others more is better."""

_CELLS = 2_000_000  # draws x rows that are held at a time: as much as the cache holds


@dataclass(frozen=True)
class Scores:
    """Named measures, one number a draw; NaN where a measure is not defined (say a label that no row bears)."""

    overall: dict[str, npt.NDArray[np.float64]]
    by_label: dict[str, npt.NDArray[np.float64]]
    """draws x labels."""


class Part(Protocol):
    """Scores rows in one way."""

    def measure(self, weights: Weights) -> Scores:
        """Return the measures under each line of weights (draws x known rows)."""
        ...


@dataclass(frozen=True)
class Tally:
    """Scores rows under any weights. Rows that nobody labelled are left out, but have their place in the weights."""

    labels: tuple[str, ...]
    known: npt.NDArray[np.bool_]
    """Which rows have a label."""
    parts: tuple[Part, ...]

    def __len__(self) -> int:
        return len(self.known)

    def score(self, weights: npt.NDArray[Any] | None = None) -> dict[str, float]:
        """Return each measure over all rows, or over rows weighted (a slice: a row of True and False)."""
        drawn = self.resampled(_one(weights, len(self)))
        return {name: float(values[0]) for name, values in drawn.overall.items()}

    def by_label(self, weights: npt.NDArray[Any] | None = None) -> dict[str, dict[str, float]]:
        """Return each label's own measures: `by_label()["spam"]["f1"]`."""
        drawn = self.resampled(_one(weights, len(self)))
        return {
            label: {name: float(values[0, number]) for name, values in drawn.by_label.items()}
            for number, label in enumerate(self.labels)
        }

    def resampled(self, weights: npt.NDArray[Any]) -> Scores:
        """Return each measure under each line of `weights` (draws x rows): one pass for a whole bootstrap.

        >>> rng = np.random.default_rng(0)  # doctest: +SKIP
        >>> tally.resampled(rng.multinomial(n, [1 / n] * n, size=1000)).overall["macro_f1"]  # doctest: +SKIP
        """
        if weights.ndim != 2 or weights.shape[1] != len(self):
            raise DataError(f"weights are draws x {len(self)} rows, not {weights.shape}")
        lines = max(1, _CELLS // max(1, len(self)))
        scores = [
            self._measure(weights[start : start + lines, self.known].astype(np.float64))
            for start in range(0, max(1, len(weights)), lines)
        ]
        return Scores(
            {name: np.concatenate([part.overall[name] for part in scores]) for name in scores[0].overall},
            {name: np.concatenate([part.by_label[name] for part in scores]) for name in scores[0].by_label},
        )

    def notes(self) -> list[str]:
        """Return in words which measures are not defined here, and why."""
        said: list[str] = []
        if not self.known.any():
            return ["no row has a label: nothing can be scored"]
        drawn = self.resampled(np.ones((1, len(self)))).by_label
        missing = [self.labels[number] for number in np.flatnonzero(drawn["support"][0] == 0)]
        never = [self.labels[number] for number in np.flatnonzero(np.isnan(drawn["precision"][0]))]
        if missing:
            said.append(f"no row bears {_listed(missing)}: recall and the ranking scores are not defined there")
        if never:
            said.append(f"no row was given {_listed(never)}: precision is not defined there and counts as 0 in means")
        return said

    def _measure(self, weights: Weights) -> Scores:
        overall: dict[str, npt.NDArray[np.float64]] = {}
        by_label: dict[str, npt.NDArray[np.float64]] = {}
        with np.errstate(divide="ignore", invalid="ignore"):
            for part in self.parts:
                scores = part.measure(weights)
                overall |= scores.overall
                by_label |= scores.by_label
        return Scores(overall, by_label)


def _one(weights: npt.NDArray[Any] | None, rows: int) -> npt.NDArray[Any]:
    return np.ones((1, rows)) if weights is None else np.asarray(weights)[None, :]


def _listed(names: Sequence[str], most: int = 10) -> str:
    return ", ".join(map(repr, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
