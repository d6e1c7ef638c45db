"""The array types of this chapter, and hashing that spreads bits evenly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]


def mixed(values: Hashes) -> Hashes:
    """Return 64-bit values with every bit depending on every bit (splitmix64), so that sums and cuts are fair."""
    out = values + np.uint64(0x9E3779B97F4A7C15)
    out ^= out >> np.uint64(30)
    out *= np.uint64(0xBF58476D1CE4E5B9)
    out ^= out >> np.uint64(27)
    out *= np.uint64(0x94D049BB133111EB)
    out ^= out >> np.uint64(31)
    return out


def spans(starts: Rows, lengths: Rows) -> Rows:
    """Return start, start+1, … for each of several spans, one after the other.

    >>> spans(np.array([10, 50]), np.array([2, 3])).tolist()
    [10, 11, 50, 51, 52]
    """
    ends = np.cumsum(lengths)
    total = int(ends[-1]) if len(ends) else 0
    every: Rows = np.arange(total, dtype=np.int64) + np.repeat(starts - (ends - lengths), lengths)
    return every
