"""Buckets: all pairs of rows that share a key, in flat memory, and never without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from tamis.features.similarity.arrays import Hashes, Rows, spans

_CHUNK_PAIRS = 4_000_000


@dataclass
class Effort:
    """How many comparisons may still be made, and how many were left out for it."""

    left: int
    left_out: int = field(default=0)


def pairs_in_buckets(keys: Hashes, rows: Rows, *, row_bits: int, effort: Effort) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of rows with the same key, in chunks; a pair with several keys in common comes several times.

    A bucket so big that the effort would not do for all its pairs gives each row with the bucket's first one and with
    the nearest rows after it; what was left out is counted.
    """
    # key above, row below: one plain sort brings equal keys together. Keys cut alike only mean a needless comparison.
    packed = np.sort((keys >> np.uint64(row_bits)) << np.uint64(row_bits) | rows.astype(np.uint64))
    edge = np.flatnonzero(np.diff(packed >> np.uint64(row_bits), prepend=~packed[:1], append=~packed[-1:]))
    sizes = np.diff(edge)
    shared = sizes > 1
    starts, sizes = edge[:-1][shared], sizes[shared]
    ordered = (packed & np.uint64((1 << row_bits) - 1)).astype(np.int64)
    del packed
    place = spans(starts, sizes)
    after = np.repeat(starts + sizes, sizes) - place - 1
    reach = _reach(sizes, effort)
    near = np.minimum(after, reach)
    yield from _expand(ordered, place, near)
    if reach < int(after.max(initial=0)):
        hub = np.repeat(starts, sizes)
        far = place - hub > reach
        yield ordered[hub[far]], ordered[place[far]]


def _reach(sizes: Rows, effort: Effort) -> int:
    """How many rows after it in its bucket each row can be compared with."""

    def cost(reach: int) -> int:
        within = np.minimum(sizes - 1, reach)
        return int((within * (within + 1) // 2 + (sizes - 1 - within) * within).sum())

    whole = cost(int(sizes.max(initial=0)))
    low, high = 16, int(sizes.max(initial=0))
    if whole <= effort.left:
        effort.left -= whole
        return high
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= effort.left else (low, middle - 1)
    effort.left_out += whole - cost(low)
    effort.left = max(effort.left - cost(low), 0)
    return low


def _expand(ordered: Rows, place: Rows, near: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Each place with the `near` places after it, some millions of pairs at a time."""
    ends = np.cumsum(near)
    start = 0
    while start < len(place):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _CHUNK_PAIRS, side="right")), start + 1)
        many = near[start:stop]
        first = np.repeat(ordered[place[start:stop]], many)
        yield first, ordered[spans(place[start:stop] + 1, many)]
        start = stop
