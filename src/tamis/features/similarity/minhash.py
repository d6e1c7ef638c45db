"""MinHash: keys that two similar bags of many words probably share."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, log

import numpy as np
import numpy.typing as npt

from tamis.features.similarity.arrays import Hashes, Rows, mixed
from tamis.features.similarity.bags import Bags
from tamis.features.similarity.buckets import Buckets
from tamis.features.similarity.prefixes import LONGEST
from tamis.features.similarity.sizes import smallest

_MISSED_AT_THRESHOLD = 0.02
_CHUNK_WORDS = 500_000
_BANDS_A_PASS = 8


def minhash_shape(threshold: float) -> tuple[int, int]:
    """Return how many keys a bag gets and how many hashes a key has.

    Two bags with similarity s share a hash with probability s, and at least one key with 1 - (1 - s**hashes)**keys:
    98 % at the threshold itself, 99.99 % when one word in ten differs at the default of 0.7.
    """
    hashes = min(max(round(log(0.1) / log(threshold)), 6), 16) if threshold < 1 else 16
    shared = min(threshold, 0.999) ** hashes
    return ceil(log(_MISSED_AT_THRESHOLD) / log(1 - shared)), hashes


def minhash_keys(bags: Bags, buckets: Buckets) -> Iterator[Hashes]:
    """Yield the keys of all bags that are similar to one of more than `LONGEST` words, packed with their bags."""
    rows = np.flatnonzero(bags.sizes >= smallest(buckets.threshold, LONGEST + 1))
    if len(rows) < 2:
        return
    bands, hashes = minhash_shape(buckets.threshold)
    seeds = np.random.default_rng(11).integers(1, 1 << 32, size=(bands, hashes), dtype=np.uint32) | np.uint32(1)
    for start in range(0, bands, _BANDS_A_PASS):
        some = seeds[start : start + _BANDS_A_PASS]
        keys = np.empty((len(some), len(rows)), dtype=np.uint64)
        for low, high in _chunks(bags.sizes[rows]):
            keys[:, low:high] = _keys(bags, rows[low:high], some)
        # one band after the other: the same key in another band means nothing
        for band in keys:
            yield buckets.packed(band, rows)


def _keys(bags: Bags, rows: Rows, seeds: npt.NDArray[np.uint32]) -> Hashes:
    """One key for each band and bag: the smallest hash of its words under each of the band's seeds, together."""
    sizes = bags.sizes[rows]
    ends = np.cumsum(sizes)
    place = np.repeat(bags.starts[rows] - (ends - sizes), sizes) + np.arange(ends[-1])
    words = (mixed(bags.words[place]) >> np.uint64(32)).astype(np.uint32)
    keys = np.zeros((len(seeds), len(rows)), dtype=np.uint64)
    hashed = np.empty_like(words)
    for band, key in zip(seeds, keys, strict=True):
        for seed in band:
            np.multiply(words, seed, out=hashed)
            key[:] = mixed(key ^ np.minimum.reduceat(hashed, ends - sizes).astype(np.uint64))
    return keys


def _chunks(sizes: Rows) -> Iterator[tuple[int, int]]:
    """Stretches of rows that have some hundred thousand words together."""
    ends = np.cumsum(sizes)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, before + _CHUNK_WORDS, side="right")), start + 1)
        yield start, stop
        start = stop
