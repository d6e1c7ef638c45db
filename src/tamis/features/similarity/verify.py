"""Verification: how similar two bags of words really are, and a quick test that most pairs do not pass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.features.similarity.arrays import Hashes, Rows, spans
from tamis.features.similarity.bags import CHUNK_BITS, WORD_BITS, Bags

_PLANES = 4
_CHUNK_PAIRS = 1 << CHUNK_BITS
_CHUNK_WORDS = 4_000_000


@dataclass(frozen=True)
class Parities:
    """256 bits a bag, each telling whether an odd number of its words fell on it.

    Two bags whose bits differ in k places differ in at least k words: never wrong, and a few instructions a pair.
    """

    sizes: Rows
    planes: Hashes
    folded: Hashes
    allowance: float
    """How many of the words of two similar bags together may differ, as a share."""

    @classmethod
    def of(cls, bags: Bags, *, threshold: float) -> Parities:
        """Return the bits of bags, to be compared at a threshold."""
        planes = np.zeros((_PLANES, len(bags.rows)), dtype=np.uint64)
        for start in range(0, len(bags.rows), 65_536):
            edges = bags.starts[start : start + 65_537]
            words = bags.words[edges[0] : edges[-1]]
            bit = np.uint64(1) << (words & np.uint64(63))
            plane = (words >> np.uint64(6)) & np.uint64(_PLANES - 1)
            for number in range(_PLANES):
                here = np.where(plane == number, bit, np.uint64(0))
                planes[number, start : start + 65_536] = np.bitwise_xor.reduceat(here, edges[:-1] - edges[0])
        folded = np.bitwise_xor.reduce(planes, axis=0)
        return cls(bags.sizes.astype(np.int32), planes, folded, (1 - threshold) / (1 + threshold) + 1e-9)

    def possible(self, first: Rows, second: Rows) -> npt.NDArray[np.bool_]:
        """Return which pairs may be similar; the others certainly are not."""
        allowed = (self.sizes[first] + self.sizes[second]) * self.allowance
        passed: npt.NDArray[np.bool_] = np.bitwise_count(self.folded[first] ^ self.folded[second]) <= allowed
        left = np.flatnonzero(passed)
        a, b = first[left], second[left]
        differing = np.zeros(len(left), dtype=np.int32)
        for plane in self.planes:
            differing += np.bitwise_count(plane[a] ^ plane[b])
        passed[left] = differing <= allowed[left]
        return passed


def similarities(bags: Bags, first: Rows, second: Rows) -> npt.NDArray[np.float64]:
    """Return the Jaccard similarity of each pair of bags: common words by all words of both, counted with repeats."""
    sizes = bags.sizes
    together = sizes[first] + sizes[second]
    common = np.zeros(len(first), dtype=np.int64)
    ends = np.cumsum(together)
    start = 0
    while start < len(first):
        words_before = ends[start - 1] if start else 0
        stop = int(np.searchsorted(ends, words_before + _CHUNK_WORDS, side="right"))
        stop = min(max(stop, start + 1), start + _CHUNK_PAIRS)
        common[start:stop] = _common(bags, first[start:stop], second[start:stop])
        start = stop
    share: npt.NDArray[np.float64] = common / np.maximum(together - common, 1)
    return share


def _common(bags: Bags, first: Rows, second: Rows) -> Rows:
    """How many words the bags of each pair share: equal neighbours, once the words of all pairs are sorted."""
    sizes = bags.sizes
    place = np.concatenate([spans(bags.starts[rows], sizes[rows]) for rows in (first, second)])
    pair = np.concatenate([np.repeat(np.arange(len(rows)), sizes[rows]) for rows in (first, second)])
    keys = np.sort((pair.astype(np.uint64) << np.uint64(WORD_BITS)) | bags.words[place])
    shared = keys[1:][keys[1:] == keys[:-1]] >> np.uint64(WORD_BITS)
    return np.bincount(shared.astype(np.int64), minlength=len(first)).astype(np.int64)
