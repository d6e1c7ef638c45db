"""Kappa: how much better than chance ranks agree, a far miss costing more than a near one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.tasks.tally.tally import Scores, Weights


@dataclass(frozen=True)
class Kappa:
    """Quadratic weighted kappa of two ranks a row; not defined when both never change."""

    true: npt.NDArray[np.int64]
    said: npt.NDArray[np.int64]
    """-1 where the model was silent."""

    def measure(self, weights: Weights) -> Scores:
        """Return the kappa of each draw, from sums of squares: no table of labels x labels is made."""
        answered = self.said >= 0
        weights, true, said = weights[:, answered], self.true[answered].astype(float), self.said[answered].astype(float)
        observed = weights @ (true - said) ** 2
        by_chance = weights @ (true**2 + said**2) - 2 * (weights @ true) * (weights @ said) / weights.sum(1)
        kappa = np.where(by_chance > 1e-9, 1 - observed / by_chance, np.nan)
        return Scores({"quadratic_kappa": kappa}, {})
