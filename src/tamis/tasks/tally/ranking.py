"""Ranking: are rows that bear a label scored above those that do not?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Ranking:
    """Area under the ROC curve and average precision of each label against all others, and their plain means.

    Neither is defined for a label that no row bears, or that all bear; the means leave such labels out.
    """

    scores: npt.NDArray[np.float64]
    """rows x labels."""
    bears: npt.NDArray[np.bool_]

    def measure(self, weights: Weights) -> Scores:
        """Return the measures of each draw."""
        each = np.full((2, len(weights), self.scores.shape[1]), np.nan)
        for label in range(self.scores.shape[1]) if len(self.scores) else ():
            places = _Places.of(self.scores[:, label], self.bears[:, label])
            for draw, line in enumerate(weights):  # one line stays in the processor's cache; a table would not
                each[:, draw, label] = places.areas(line)
        named = {"roc_auc": each[0], "average_precision": each[1]}
        return Scores({name: _mean_of_defined(values) for name, values in named.items()}, named)


@dataclass(frozen=True)
class _Places:
    """The rows of one label by falling score, and where the rows that bear it stand; equal scores share a place."""

    order: Codes
    yes: Codes
    """The rows that bear the label, by falling score."""
    first: Codes
    """For each of these, how many rows stand above its place…"""
    last: Codes
    """…and how many above or in it."""
    first_yes: Codes
    last_yes: Codes
    """The same, counting rows that bear the label only."""

    @classmethod
    def of(cls, scores: npt.NDArray[np.float64], bears: npt.NDArray[np.bool_]) -> _Places:
        order = np.argsort(-scores, kind="stable")
        ranked, bearing = -scores[order], bears[order]
        at = np.flatnonzero(bearing)
        first, last = (np.searchsorted(ranked, ranked[at], side) for side in ("left", "right"))
        so_far = np.concatenate([[0], np.cumsum(bearing)])
        return cls(order, order[at], first, last, so_far[first], so_far[last])

    def areas(self, weights: npt.NDArray[np.float64]) -> tuple[float, float]:
        """Return the area under the ROC curve, and the average precision."""
        yes = weights[self.yes]
        above = np.concatenate([[0.0], np.cumsum(weights[self.order])])
        above_yes = np.concatenate([[0.0], np.cumsum(yes)])
        all_yes, all_no = above_yes[-1], above[-1] - above_yes[-1]
        if all_yes <= 0 or all_no <= 0:
            return np.nan, np.nan
        through, through_yes = above[self.last], above_yes[self.last_yes]
        no_above = (through - through_yes + above[self.first] - above_yes[self.first_yes]) / 2
        precision = np.divide(through_yes, through, out=np.zeros_like(yes), where=through > 0)
        return 1 - float(yes @ no_above) / (all_yes * all_no), float(yes @ precision) / all_yes


def _mean_of_defined(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    defined = ~np.isnan(values)
    return np.asarray(np.where(defined, values, 0.0).sum(1) / defined.sum(1))
