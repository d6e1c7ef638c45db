"""Parting: how well a number parts two kinds of rows, and where it parts them best."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]


def area(inside: Numbers, outside: Numbers) -> float:
    """Return how often a number of `outside` is above one of `inside`; equal ones count half."""
    ranked = np.sort(inside)
    below = np.searchsorted(ranked, outside, "left") + np.searchsorted(ranked, outside, "right")
    return float(below.mean() / 2 / len(inside))


def parting_number(inside: Numbers, outside: Numbers) -> float:
    """Return the number that has the most of `outside` above it and the most of `inside` below."""
    ranked, other = np.sort(inside), np.sort(outside)
    below_inside = np.searchsorted(ranked, ranked, "right") / len(ranked)
    below_outside = np.searchsorted(other, ranked, "right") / len(other)
    return float(ranked[np.argmax(below_inside - below_outside)])
