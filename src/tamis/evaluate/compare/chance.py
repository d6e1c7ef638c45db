"""Chance: how large a difference comes about when it does not matter which model said what."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.evaluate.intervals import Bootstrap, only
from tamis.evaluate.rows import ScoredRows
from tamis.tasks import Tally

Numbers = npt.NDArray[np.float64]

_CELLS = 4_000_000  # draws x rows that are held at a time


def swap_test(first: ScoredRows, second: ScoredRows, name: str, bootstrap: Bootstrap, *, draws: int) -> float:
    """Return the p-value of a measure's difference, from swapping both answers of a unit at random.

    It holds exactly for any measure when the models are alike, however few the rows: what a bootstrap interval alone
    does not promise.
    """
    units = bootstrap.units
    drawn = units >= 0
    tally = only(_both(first, second), name)
    known = drawn[None, :].astype(np.float64)

    def difference(swap: Numbers) -> Numbers:
        straight, crossed = known * (1 - swap), known * swap
        one = tally.resampled(np.hstack([straight, crossed])).overall[name]
        other = tally.resampled(np.hstack([crossed, straight])).overall[name]
        return other - one

    seen = abs(float(difference(np.zeros((1, len(units))))[0]))
    if not np.isfinite(seen):
        return 1.0
    random = np.random.default_rng([bootstrap.seed, 1])
    lines = max(1, _CELLS // max(1, 2 * len(units)))
    as_large = done = 0
    while done < draws:
        flips = random.random((min(lines, draws - done), bootstrap.count)) < 0.5
        swap = np.where(drawn, flips[:, np.where(drawn, units, 0)], False).astype(np.float64)
        as_large += int((np.abs(difference(swap)) >= seen - 1e-12).sum())
        done += len(swap)
    return (1 + as_large) / (1 + draws)


def _both(first: ScoredRows, second: ScoredRows) -> Tally:
    """One tally of the rows of the first, then those of the second."""
    truth = (
        [*first.truth, *second.truth] if isinstance(first.truth, list) else np.concatenate([first.truth, second.truth])
    )
    one, other = first.probabilities, second.probabilities
    probabilities = None if one is None or other is None else np.concatenate([one, other])
    return first.task.tally(truth, probabilities, said=[*first.answers, *second.answers])


def holm(ps: list[float]) -> list[float]:
    """Return p-values made larger for as many as were looked at.

    >>> holm([0.01, 0.04, 0.5])
    [0.03, 0.08, 0.5]
    """
    order = sorted(range(len(ps)), key=lambda place: ps[place])
    adjusted = [1.0] * len(ps)
    highest = 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, (len(ps) - rank) * ps[place]))
        adjusted[place] = highest
    return adjusted
