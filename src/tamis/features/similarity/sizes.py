"""Sizes: what the lengths of two texts already say about how similar they can be."""

from __future__ import annotations

from typing import overload

import numpy as np

from tamis.features.similarity.arrays import Rows

_ROUNDING = 1e-9


def common_words(threshold: float, size: int, other: int) -> int:
    """Return how many words two bags of these sizes share at least when they are similar."""
    return int(np.ceil(threshold / (1 + threshold) * (size + other) - _ROUNDING))


@overload
def smallest(threshold: float, size: int) -> int: ...
@overload
def smallest(threshold: float, size: Rows) -> Rows: ...
def smallest(threshold: float, size: int | Rows) -> int | Rows:
    """Return how many words a bag has at least that is similar to one of `size` words."""
    least = np.ceil(threshold * size - _ROUNDING).astype(np.int64)
    return least if isinstance(size, np.ndarray) else int(least)


def largest_partner(threshold: float, size: int, common: Rows) -> Rows:
    """Return how many words a bag has at most that is similar to one of `size`, with which it shares `common` words."""
    most: Rows = np.floor(common * (1 + threshold) / threshold - size + _ROUNDING).astype(np.int64)
    return most
