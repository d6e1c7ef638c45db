"""Balance: classes of like size to learn from, by leaving rows out or by repeating them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.split.draw import Draws
from tamis.split.options import Balance
from tamis.split.together import Numbers
from tamis.tasks import Strata


@dataclass(frozen=True)
class Balanced:
    """What balancing does to each row."""

    left_out: npt.NDArray[np.bool_]
    copies: npt.NDArray[np.int32]
    """How many times the row is to be repeated."""


def balance(
    strata: Strata,
    within: npt.NDArray[np.bool_],
    draws: Draws,
    *,
    how: Balance,
    ratio: float,
    repeats: npt.NDArray[np.bool_] | None = None,
) -> Balanced:
    """Return which rows to leave out or repeat, so that no class has more than `ratio` times the rows of another.

    Only rows `within` (the training split) count and change. A row of several labels counts for its rarest one. Rows
    that repeat others (`repeats`) are the first to be left out and the last to be repeated.
    """
    rows = np.flatnonzero(within & (strata.sizes > 0))
    classes = _rarest(strata, rows)
    left_out, copies = np.zeros(len(strata), dtype=np.bool_), np.zeros(len(strata), dtype=np.int32)
    present, counts = np.unique(classes, return_counts=True)
    if not len(present):
        return Balanced(left_out, copies)
    last = np.zeros(len(strata), dtype=np.bool_) if repeats is None else repeats
    most, least = math.ceil(counts.min() * ratio), math.ceil(counts.max() / ratio)
    for number, count in zip(present.tolist(), counts.tolist(), strict=True):
        members = rows[classes == number]
        members = members[np.lexsort((draws[members], last[members]))]
        if how == "down" and count > most:
            left_out[members[most:]] = True
        elif how == "over" and count < least:
            each, rest = divmod(least - count, count)
            copies[members] = each
            copies[members[:rest]] += 1
    return Balanced(left_out, copies)


def _rarest(strata: Strata, rows: Numbers) -> Numbers:
    """The rarest label of each of these rows, all of which have one."""
    sizes = strata.sizes
    chosen = np.zeros(len(strata), dtype=np.bool_)
    chosen[rows] = True
    codes = strata.codes[np.repeat(chosen, sizes)]
    counts = np.bincount(codes, minlength=1)
    rank = np.empty(len(counts), dtype=np.int64)
    rank[np.lexsort((np.arange(len(counts)), counts))] = np.arange(len(counts))
    starts = np.concatenate([[0], np.cumsum(sizes[rows])[:-1]]) if len(rows) else np.zeros(0, np.int64)
    lowest = np.minimum.reduceat(rank[codes], starts) if len(rows) else np.zeros(0, np.int64)
    return np.argsort(rank)[lowest]
