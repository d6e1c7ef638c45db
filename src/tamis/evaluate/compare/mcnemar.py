"""McNemar's exact test: of the rows that just one of two models gets right, is it one model's more often?"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class McNemar:
    """The rows on which two models differ in being right.

    >>> McNemar(lost=2, gained=10).p
    0.03857421875
    """

    lost: int
    """The first is right and the second wrong."""
    gained: int
    """The first is wrong and the second right."""
    rows: int = 0
    """Of how many."""

    @cached_property
    def p(self) -> float:
        """The two-sided exact p-value; 1 where no row tells the models apart."""
        from scipy.stats import binomtest

        differ = self.lost + self.gained
        return float(binomtest(min(self.lost, self.gained), differ, 0.5).pvalue) if differ else 1.0

    def odds(self, confidence: float = 0.95) -> tuple[float, float, float]:
        """Return how many rows are gained for each one lost, with the exact interval."""
        from scipy.stats import binomtest

        differ = self.lost + self.gained
        if not differ:
            return float("nan"), 0.0, float("inf")
        found = binomtest(self.gained, differ).proportion_ci(confidence, method="exact")
        return _odds(self.gained / differ), _odds(float(found.low)), _odds(float(found.high))


def _odds(share: float) -> float:
    return share / (1 - share) if share < 1 else float("inf")
