"""Prefixes: keys that any two similar bags of words share, made of their rarest words.

Two bags of n and m words with a Jaccard similarity of at least t share at least a = t/(1+t)·(n+m) words. Put in one
order, rarest first, the n - a + k first words of one and the m - a + k first of the other have k words in common. So
the combinations of k words among these are keys that no similar pair can miss (the prefix filter of set joins,
with k words instead of one: the more words a key has, the fewer strangers share it).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import ceil, comb

import numpy as np

from tamis.features.similarity.arrays import Hashes, Rows, mixed
from tamis.features.similarity.bags import Bags

_LONGEST = 64
_KEYS_A_PASS = 24_000_000


@dataclass(frozen=True, kw_only=True)
class Band:
    """Pairs of bags of which the larger has `low` to `high` words, with keys of `key_words` words."""

    low: int
    high: int
    key_words: int


def bands(threshold: float) -> list[Band]:
    """Return the bands that hold every pair up to the longest bags whose keys are worth listing."""
    found = []
    for low, high, most in (*((size, size, 4) for size in range(2, 10)), (10, 14, 3), (15, 28, 2), (29, _LONGEST, 2)):
        found.append(
            Band(low=low, high=high, key_words=min(most, common_words(threshold, low, smallest(threshold, low))))
        )
    return found


def longest() -> int:
    """Return up to how many words a bag has such keys."""
    return _LONGEST


def common_words(threshold: float, size: int, other: int) -> int:
    """Return how many words two bags of these sizes share at least when they are similar."""
    return ceil(threshold / (1 + threshold) * (size + other) - 1e-9)


def smallest(threshold: float, size: int) -> int:
    """Return how many words a bag has at least that is similar to one of `size` words."""
    return ceil(threshold * size - 1e-9)


def prefix_keys(bags: Bags, band: Band, *, threshold: float) -> Iterator[tuple[Hashes, Rows]]:
    """Yield keys with the number of their bag, all of a key's bags in one piece, some millions at a time."""
    lengths = _prefix_lengths(band, threshold)
    sizes = bags.sizes
    low = smallest(threshold, band.low)
    members = [np.flatnonzero(sizes == size) for size in range(low, band.high + 1)]
    total = sum(len(rows) * comb(lengths[size], band.key_words) for size, rows in enumerate(members, low))
    passes = max(1, -(-total // _KEYS_A_PASS))
    for number in range(passes):
        keys: list[Hashes] = []
        owners: list[Rows] = []
        for size, rows in enumerate(members, low):
            for chosen in np.array_split(rows, max(1, len(rows) // 16_384)):
                made = _keys(bags, chosen, prefix=lengths[size], key_words=band.key_words)
                owner = np.repeat(chosen, made.shape[1])
                flat = made.ravel()
                if passes > 1:
                    mine = (flat & np.uint64(0xFFFF)) % np.uint64(passes) == number
                    flat, owner = flat[mine], owner[mine]
                keys.append(flat)
                owners.append(owner)
        yield np.concatenate(keys), np.concatenate(owners)


def _prefix_lengths(band: Band, threshold: float) -> dict[int, int]:
    lengths = {}
    for size in range(smallest(threshold, band.low), band.high + 1):
        other = smallest(threshold, size) if size >= band.low else band.low
        lengths[size] = size - common_words(threshold, size, max(other, 1)) + band.key_words
    return lengths


def _keys(bags: Bags, rows: Rows, *, prefix: int, key_words: int) -> Hashes:
    """One row of keys for each bag: the hashes of all its combinations of prefix words."""
    words = bags.words[bags.starts[rows][:, None] + np.arange(prefix)]
    places = _combinations(prefix, key_words)
    keys = words[:, places[0]]
    for column in places[1:]:
        keys = mixed(keys) ^ words[:, column]
    return mixed(keys)


@cache
def _combinations(count: int, chosen: int) -> tuple[Rows, ...]:
    every = np.array(list(combinations(range(count), chosen)), dtype=np.int64).reshape(-1, chosen)
    return tuple(every.T)
