"""Ranking: are rows that bear a label scored above those that do not?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights


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
        draws, labels = len(weights), self.scores.shape[1]
        areas, precisions = np.full((draws, labels), np.nan), np.full((draws, labels), np.nan)
        for label in range(labels if self.scores.shape[0] else 0):
            areas[:, label], precisions[:, label] = _areas(weights, self.scores[:, label], self.bears[:, label])
        return Scores(
            {"roc_auc": _mean_of_defined(areas), "average_precision": _mean_of_defined(precisions)},
            {"roc_auc": areas, "average_precision": precisions},
        )


def _areas(
    weights: Weights, scores: npt.NDArray[np.float64], bears: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    order = np.argsort(-scores, kind="stable")
    ranked = weights[:, order]
    yes = ranked * bears[order]
    firsts = np.flatnonzero(np.diff(scores[order], prepend=np.inf))
    if len(firsts) < len(order):  # rows with one score have one place
        ranked, yes = np.add.reduceat(ranked, firsts, axis=1), np.add.reduceat(yes, firsts, axis=1)
    no = ranked - yes
    yes_so_far, no_so_far = yes.cumsum(1), no.cumsum(1)
    all_yes, all_no = yes_so_far[:, -1], no_so_far[:, -1]
    area = (yes * (all_no[:, None] - no_so_far + no / 2)).sum(1) / (all_yes * all_no)
    share = np.divide(yes_so_far, yes_so_far + no_so_far, out=np.zeros_like(yes), where=yes > 0)
    precision = (yes * share).sum(1) / all_yes
    return area, np.where(all_no > 0, precision, np.nan)


def _mean_of_defined(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    defined = ~np.isnan(values)
    return np.asarray(np.where(defined, values, 0.0).sum(1) / defined.sum(1))
