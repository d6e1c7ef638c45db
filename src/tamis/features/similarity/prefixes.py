"""Prefixes: keys that any two similar bags of words share, made of their rarest words.

Two bags of n and m words with a Jaccard similarity of at least t share at least a = t/(1+t)·(n+m) words. Put in one
order, rarest first, the n - a + k first words of one and the m - a + k first of the other have k words in common. So
the combinations of k words among these are keys that no similar pair can miss (the prefix filter of set joins,
with k words instead of one: the more words a key has, the fewer strangers share it). How deep in a bag a key's last
word lies says how many words can still follow, and so how large a bag this key may pair it with.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import comb

import numpy as np

from tamis.features.similarity.arrays import Hashes, Rows, mixed
from tamis.features.similarity.bags import Bags
from tamis.features.similarity.buckets import Buckets
from tamis.features.similarity.sizes import common_words, largest_partner, smallest

LONGEST = 96
"""Up to how many words a bag has such keys; the combinations of a longer one are too many."""

_KEYS_A_PASS = 12_000_000
_CHUNK_KEYS = 2_000_000


@dataclass(frozen=True, kw_only=True)
class Band:
    """Pairs of bags of which the larger has `low` to `high` words, with keys of `key_words` words."""

    low: int
    high: int
    key_words: int


def bands(threshold: float) -> list[Band]:
    """Return the bands that hold every pair of bags of at most `LONGEST` words."""
    found = []
    for low, high, most in (*((size, size, 4) for size in range(2, 10)), (10, 14, 3), (15, 40, 2), (41, LONGEST, 2)):
        shared = common_words(threshold, low, smallest(threshold, low))
        found.append(Band(low=low, high=high, key_words=min(most, shared)))
    return found


def prefix_keys(bags: Bags, band: Band, buckets: Buckets) -> Iterator[Hashes]:
    """Yield the band's keys, packed with their bags; all bags of a key come in one piece, of some millions of keys."""
    lengths = _prefix_lengths(band, buckets.threshold)
    sizes = bags.sizes
    members = {size: np.arange(*np.searchsorted(sizes, [size, size + 1])) for size in lengths}
    total = sum(len(rows) * comb(lengths[size], band.key_words) for size, rows in members.items())
    passes = max(1, -(-total // _KEYS_A_PASS))
    for number in range(passes):
        made = [np.zeros(0, dtype=np.uint64)]
        for size, rows in members.items():
            pieces = -(-len(rows) * comb(lengths[size], band.key_words) // _CHUNK_KEYS)
            for some in np.array_split(rows, max(pieces, 1)):
                words = bags.words[bags.starts[some][:, None] + np.arange(lengths[size])]
                keys, owner, last = _keys(words, band.key_words, passes=passes, number=number)
                common = size - (last + 1 - band.key_words)
                made.append(buckets.packed(keys, some[owner], largest_partner(buckets.threshold, size, common)))
        yield np.concatenate(made)


def _prefix_lengths(band: Band, threshold: float) -> dict[int, int]:
    lengths = {}
    for size in range(smallest(threshold, band.low), band.high + 1):
        other = smallest(threshold, size) if size >= band.low else band.low
        lengths[size] = size - common_words(threshold, size, other) + band.key_words
    return lengths


def _keys(words: Hashes, key_words: int, *, passes: int, number: int) -> tuple[Hashes, Rows, Rows]:
    """The hashes of all combinations of prefix words, to which row of `words` each belongs, and its last word's place.

    A pass makes the keys whose first word falls to it, so that no pass makes those of another.
    """
    places = _combinations(words.shape[1], key_words)
    if passes == 1:
        row = np.repeat(np.arange(len(words)), len(places[0]))
        last = np.tile(places[-1], len(words))
        chosen = [words[:, column].ravel() for column in places]
    else:
        mine = (words & np.uint64(0xFFFFF)) % np.uint64(passes) == number
        row, combination = np.nonzero(mine[:, places[0]])
        last = places[-1][combination]
        chosen = [words[row, column[combination]] for column in places]
    keys = chosen[0]
    for others in chosen[1:]:
        keys = mixed(keys) ^ others
    return mixed(keys), row, last


@cache
def _combinations(count: int, chosen: int) -> tuple[Rows, ...]:
    every = np.array(list(combinations(range(count), chosen)), dtype=np.int64).reshape(-1, chosen)
    return tuple(every.T)
