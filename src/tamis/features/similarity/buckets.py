"""Buckets: all pairs of rows that share a key, in flat memory, and never without end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tamis.features.similarity.arrays import Hashes, Rows, mixed, spans

_CHUNK_PAIRS = 4_000_000
_COMPARISONS_AT_LEAST = 20_000_000
_COMPARISONS_A_KEY = 30
_NEAREST = 16


@dataclass
class LeftOut:
    """How many comparisons were not made."""

    comparisons: int = 0


def packed(keys: Hashes, rows: Rows, *, row_bits: int) -> Hashes:
    """Return keys with their rows in their low bits: one plain sort then brings equal keys together.

    Two keys that are cut to the same bits only cost a needless comparison.
    """
    return (keys >> np.uint64(row_bits)) << np.uint64(row_bits) | rows.astype(np.uint64)


def pairs_in_buckets(keyed: Hashes, *, row_bits: int, left_out: LeftOut) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of rows with the same key, in chunks; a pair with several keys in common may come several times.

    The comparisons grow with the keys, not with their square: in buckets too big for that each row is paired with
    the bucket's first row and the next rows only, and the pairs left out are counted.
    """
    keyed.sort()
    ends = np.flatnonzero(keyed[1:] >> np.uint64(row_bits) != keyed[:-1] >> np.uint64(row_bits)) + 1
    starts, ends = np.concatenate([[0], ends]), np.concatenate([ends, [len(keyed)]])
    shared = ends - starts > 1
    starts, sizes = starts[shared], (ends - starts)[shared]
    rows = (keyed[spans(starts, sizes)] & np.uint64((1 << row_bits) - 1)).astype(np.int64)
    starts = np.cumsum(sizes) - sizes
    once = _distinct(rows, starts, sizes)
    starts, sizes = starts[once], sizes[once]
    reach = _reach(sizes, limit=_COMPARISONS_AT_LEAST + _COMPARISONS_A_KEY * len(keyed), left_out=left_out)
    place = spans(starts, sizes)
    after = np.repeat(starts + sizes, sizes) - place - 1
    yield from _expand(rows, place, np.minimum(after, reach))
    if reach < int(sizes.max(initial=0)) - 1:
        first = np.repeat(starts, sizes)
        far = place - first > reach
        yield rows[first[far]], rows[place[far]]


def _distinct(rows: Rows, starts: Rows, sizes: Rows) -> Rows:
    """One bucket of each set of rows: copies with small changes share hundreds of keys, all with the same rows."""
    sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed(rows.astype(np.uint64)), dtype=np.uint64)])
    return np.unique(sums[starts + sizes] - sums[starts], return_index=True)[1].astype(np.int64)


def _reach(sizes: Rows, *, limit: int, left_out: LeftOut) -> int:
    """How many rows after it in its bucket each row is compared with."""

    def cost(reach: int) -> int:
        within = np.minimum(sizes - 1, reach)
        return int((within * (within + 1) // 2 + (sizes - 1 - within) * within).sum())

    high = int(sizes.max(initial=1)) - 1
    whole = cost(high)
    if whole <= limit:
        return high
    low = min(_NEAREST, high)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if cost(middle) <= limit else (low, middle - 1)
    left_out.comparisons += whole - cost(low)
    return low


def _expand(rows: Rows, place: Rows, near: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Each place with the `near` places after it, some millions of pairs at a time."""
    ends = np.cumsum(near)
    start = 0
    while start < len(place):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _CHUNK_PAIRS, side="right")), start + 1)
        many = near[start:stop]
        yield np.repeat(rows[place[start:stop]], many), rows[spans(place[start:stop] + 1, many)]
        start = stop
