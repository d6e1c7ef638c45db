"""Counts: precision, recall and F1 from what was true, what was said, and what was both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Marks:
    """Which row bears which label, one mark each; a row may bear none or several, one label even twice."""

    rows: npt.NDArray[np.int64]
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, bears: npt.NDArray[np.bool_]) -> Marks:
        """Return the marks of a rows x labels table of yes and no."""
        rows, codes = np.nonzero(bears)
        return cls(rows, codes)

    def count(self, weights: Weights, labels: int) -> Numbers:
        """Return draws x labels: the sum of the weights of each label's rows."""
        counted = np.empty((len(weights), labels))
        for draw, line in enumerate(weights):
            counted[draw] = np.bincount(self.codes, weights=line[self.rows], minlength=labels)
        return counted


@dataclass(frozen=True)
class Counts:
    """Precision, recall and F1 of each label, and their macro, micro and weighted means, as scikit-learn has them.

    A label that is neither borne nor said has no F1 and is left out of macro means. A precision or recall without
    anything to divide by is NaN by itself and 0 in the means.
    """

    labels: int
    true: Marks
    said: Marks
    both: Marks

    def measure(self, weights: Weights) -> Scores:
        """Return the measures of each draw."""
        true, said, both = (marks.count(weights, self.labels) for marks in (self.true, self.said, self.both))
        each = {"precision": both / said, "recall": both / true, "f1": 2 * both / (true + said)}
        seen = true + said > 0
        overall: dict[str, Numbers] = {}
        for name, values in each.items():
            filled = np.nan_to_num(values)
            overall[f"macro_{name}"] = (filled * seen).sum(1) / seen.sum(1)
            overall[f"weighted_{name}"] = (filled * true).sum(1) / true.sum(1)
        all_true, all_said, all_both = true.sum(1), said.sum(1), both.sum(1)
        overall["micro_precision"] = all_both / all_said
        overall["micro_recall"] = all_both / all_true
        overall["micro_f1"] = 2 * all_both / (all_true + all_said)
        return Scores(overall, each | {"support": true})
