"""Buckets: the pairs of bags that share a key, in flat memory, and never without end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tamis.features.similarity.arrays import Hashes, Rows, mixed, spans
from tamis.features.similarity.sizes import smallest

Mask = npt.NDArray[np.bool_]

LIMIT_BITS = 7
NO_LIMIT = (1 << LIMIT_BITS) - 1

_SIZE_BITS = np.int64(24)
_CHUNK_PAIRS = 4_000_000
_CROWD = 64
_ROUNDS = 4


@dataclass
class Buckets:
    """Pairs up bags by their keys. Bags must be numbered by size, the smallest first."""

    sizes: Rows
    threshold: float
    similar: Callable[[Rows, Rows], Mask]
    """Tells for pairs of bags whether they really are similar."""
    comparisons_at_least: int = 20_000_000
    comparisons_a_key: int = 30
    """How much may be compared in one go, beside the comparisons at least: so much for each key."""
    left_out: int = field(default=0)
    """Comparisons that were not made."""

    @property
    def _row_bits(self) -> int:
        return max(len(self.sizes) - 1, 1).bit_length()

    def packed(self, keys: Hashes, rows: Rows, limits: Rows | int = NO_LIMIT) -> Hashes:
        """Return keys with their bag in the bits below, and under it how large a bag this key may pair it with.

        One plain sort then brings equal keys together. Two keys that are cut to the same bits only cost a needless
        comparison.
        """
        below = np.uint64(self._row_bits + LIMIT_BITS)
        low = (rows << LIMIT_BITS) | np.clip(limits, 0, NO_LIMIT)
        out: Hashes = ((keys >> below) << below) | low.astype(np.uint64)
        return out

    def pairs(self, keyed: Hashes) -> Iterator[tuple[Rows, Rows]]:
        """Yield pairs of bags with the same key, in chunks; a pair with several keys in common may come often.

        Comparisons grow with the keys, not with their square. Of a crowd that shares a key, the bags similar to one
        of its first are only compared with that one and with those similar to none, not with each other. Where a
        crowd of strangers would take too long, each is compared with those next to it, and `left_out` counts the rest.
        """
        rows, limits, bucket = self._shared(keyed)
        # each bag looks back in its bucket: a smaller one than this is not similar, a larger one its key rules out
        by_size = bucket << _SIZE_BITS | self.sizes[rows]
        low = np.searchsorted(by_size, bucket << _SIZE_BITS | smallest(self.threshold, self.sizes[rows]))
        high = np.arange(len(rows))
        held = np.flatnonzero((limits < NO_LIMIT) & (limits < self.sizes[rows]))
        high[held] = np.searchsorted(by_size, bucket[held] << _SIZE_BITS | limits[held], side="right")
        low = np.minimum(low, high)
        leaf = np.zeros(len(rows), dtype=bool)
        for number in range(_ROUNDS) if len(rows) and (high - low).max() > _CROWD else ():
            yield from self._gather(rows, low, high, leaf, number)
        budget = self.comparisons_at_least + self.comparisons_a_key * len(keyed)
        yield from self._compare(rows[~leaf], rows, low[~leaf], high[~leaf], budget)
        if leaf.any():
            others = np.flatnonzero(~leaf)
            low, high = np.searchsorted(others, low[leaf]), np.searchsorted(others, high[leaf])
            yield from self._compare(rows[leaf], rows[others], low, high, budget)

    def _shared(self, keyed: Hashes) -> tuple[Rows, Rows, Rows]:
        """The bags of all keys that several bags have, with their limits and the number of their bucket, sorted."""
        keyed.sort()
        below = np.uint64(self._row_bits + LIMIT_BITS)
        ends = np.flatnonzero(keyed[1:] >> below != keyed[:-1] >> below) + 1
        starts, ends = np.concatenate([[0], ends]), np.concatenate([ends, [len(keyed)]])
        several = ends - starts > 1
        starts, sizes = starts[several], (ends - starts)[several]
        entries = keyed[spans(starts, sizes)] & np.uint64((1 << int(below)) - 1)
        # near copies share hundreds of keys, all with the same bags: one bucket of each is enough
        starts = np.cumsum(sizes) - sizes
        sums = np.concatenate([[np.uint64(0)], np.cumsum(mixed(entries), dtype=np.uint64)])
        once = np.sort(np.unique(sums[starts + sizes] - sums[starts], return_index=True)[1])
        entries = entries[spans(starts[once], sizes[once])].astype(np.int64)
        return entries >> LIMIT_BITS, entries & NO_LIMIT, np.repeat(np.arange(len(once)), sizes[once])

    def _gather(self, rows: Rows, low: Rows, high: Rows, leaf: Mask, number: int) -> Iterator[tuple[Rows, Rows]]:
        """Compare each member of a crowd with one of its first; mark and yield those that are similar."""
        others = np.flatnonzero(~leaf)
        first = np.searchsorted(others, low) + number
        crowded = np.flatnonzero(~leaf & (np.searchsorted(others, high) - first > _CROWD))
        hub = others[first[crowded]]
        near = self.similar(rows[hub], rows[crowded])
        leaf[crowded[near]] = True
        yield rows[hub[near]], rows[crowded[near]]

    def _compare(self, rows: Rows, others: Rows, low: Rows, high: Rows, budget: int) -> Iterator[tuple[Rows, Rows]]:
        """Pair each bag with the `others` from low to high, some millions of pairs at a time."""
        many = high - low
        whole = int(many.sum())
        if whole > budget:
            many = np.minimum(many, _affordable(many, budget))
            self.left_out += whole - int(many.sum())
        ends = np.cumsum(many)
        start = 0
        while start < len(rows):
            before = int(ends[start - 1]) if start else 0
            stop = max(int(np.searchsorted(ends, before + _CHUNK_PAIRS, side="right")), start + 1)
            some = many[start:stop]
            yield others[spans(high[start:stop] - some, some)], np.repeat(rows[start:stop], some)
            start = stop


def _affordable(many: Rows, budget: int) -> int:
    """The most comparisons each may make so that all together stay in the budget."""
    low, high = 1, int(many.max())
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if int(np.minimum(many, middle).sum()) <= budget else (low, middle - 1)
    return low
