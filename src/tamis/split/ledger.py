"""Ledger: how many rows of each label each split still lacks, and where one more unit would do most good."""

from __future__ import annotations

from collections.abc import Sequence

Bears = list[tuple[int, int]]
"""What one unit bears: label numbers with how often; the last one stands for its rows."""


class Ledger:
    """What is wanted of each label in each split, less what was given.

    How far a label's numbers are from what is wanted is measured as the squared distance relative to what is wanted
    (chi-square), so that rare labels and small splits count. For single rows, which come last and can even out
    everything, the number of rows counts as much as all labels together.
    """

    def __init__(self, totals: Sequence[int], fractions: Sequence[float]) -> None:
        """Want of each label its fractions; the last of `totals` is the number of rows."""
        self._totals, self._first = totals, fractions[0]
        self.places = range(len(fractions))
        self._wanted = [[amount * fraction for fraction in fractions] for amount in totals]
        self._weight = [[1 / max(amount, 1e-9) for amount in row] for row in self._wanted]
        self._labels = sum(amount > 0 for amount in totals[:-1])

    def give(self, bears: Bears, place: int, units: int = 1) -> None:
        """Book so many units to a split."""
        for label, count in bears:
            self._wanted[label][place] -= count * units

    def most_of(self, label: int, units: int) -> list[int]:
        """Return how many of some units each split is sure to want, going by one label."""
        missed = [max(amount, 0.0) for amount in self._wanted[label]]
        scale = units / sum(missed) if sum(missed) > 0 else 0.0
        return [int(amount * scale + 1e-9) for amount in missed]

    def best(self, bears: Bears, label: int) -> int:
        """Return the split where a unit does most good; `label` is the rarest one it bears."""
        untouched = self._wanted[label][0] == self._totals[label] * self._first
        if self._totals[label] < len(self.places) and untouched:
            return 0  # a label of fewer rows than splits is to be learned before it can be judged
        if bears[-1][1] > 1:
            return max(self.places, key=lambda place: self._gain(bears, place))
        # a single row goes where its label is short, so each is within a row of its share
        places = [place for place in self.places if self._wanted[label][place] > 0] or self.places
        more = self._labels - 1
        return max(places, key=lambda place: self._gain(bears, place) + more * self._gain(bears[-1:], place))

    def better(self, bears: Bears, place: int) -> int:
        """Return the split to which a unit had better move from `place`; `place` itself when it is best there."""
        loss = sum(
            count * (2 * self._wanted[label][place] + count) * self._weight[label][place] for label, count in bears
        )
        gains = {other: self._gain(bears, other) - loss for other in self.places if other != place}
        to = max(gains, key=gains.__getitem__, default=place)
        return to if gains.get(to, 0.0) > 1e-9 else place

    def _gain(self, bears: Bears, place: int) -> float:
        return sum(
            count * (2 * self._wanted[label][place] - count) * self._weight[label][place] for label, count in bears
        )
