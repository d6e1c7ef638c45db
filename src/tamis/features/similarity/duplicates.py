"""Near-duplicates: pairs and groups of texts that share most of their words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tamis.core import Progress, Silent, UsageError
from tamis.features.similarity.arrays import Rows
from tamis.features.similarity.bags import Bags, make_bags
from tamis.features.similarity.buckets import Buckets
from tamis.features.similarity.groups import connected
from tamis.features.similarity.minhash import minhash_keys
from tamis.features.similarity.prefixes import bands, prefix_keys
from tamis.features.similarity.verify import Parities, similarities

if TYPE_CHECKING:
    from tamis.features.words import Texts

_WAITING_PAIRS = 4_000_000


@dataclass(frozen=True, kw_only=True)
class Duplicates:
    """Which rows are near-duplicates of which.

    `pairs` links each row whose words are just those of an earlier one to the first such row, and lists the similar
    pairs among those first rows: 5,000 equal rows are 4,999 pairs, not 12.5 million. `groups` covers all of them.
    """

    pairs: npt.NDArray[np.int64]
    """Row numbers, two a pair, the smaller first; sorted."""
    similarity: npt.NDArray[np.float32]
    """Of each pair: the Jaccard similarity of their words, repeated words counted; 1 for the same words."""
    groups: npt.NDArray[np.int64]
    """For each row the smallest row number of its cluster; its own number when it is alone."""
    left_out: int = 0
    """Comparisons that were not made because thousands of texts share their rarest words; mostly 0."""

    def group_sizes(self) -> npt.NDArray[np.int64]:
        """Return for each row how many rows its cluster has; 1 when it is alone."""
        return np.bincount(self.groups, minlength=len(self.groups))[self.groups].astype(np.int64)


def find_near_duplicates(texts: Texts, *, threshold: float = 0.7, progress: Progress = Silent()) -> Duplicates:
    """Return the pairs and groups of texts whose words overlap by at least `threshold` (Jaccard).

    Case, punctuation and word order do not count; how often a word occurs does. Two texts of the same length that
    share 90 % of their words have a similarity of 0.9 / 1.1 = 0.82; the default 0.7 holds those that share 82 %, so
    that a pair a little below 90 % is not lost. Missing and empty texts are nobody's duplicate.

    >>> found = find_near_duplicates(["the cat sat on the mat", "hello", "The cat sat on the old mat!", None])
    >>> found.pairs.tolist(), found.similarity.round(2).tolist(), found.groups.tolist()
    ([[0, 2]], [0.8600000143051147], [0, 1, 0, 3])
    """
    if not 0.5 < threshold <= 1:
        raise UsageError(
            f"the threshold of near-duplicates is {threshold:g}; it must be above 0.5 and at most 1",
            hint="0.7 holds texts together that share 82 % of their words",
        )
    bags = make_bags(texts, progress=progress)
    parities = Parities.of(bags, threshold=threshold)
    buckets = Buckets(bags.sizes, threshold, partial(_similar, bags, parities, threshold))
    first, second, similarity = _verified(bags, _candidates(bags, parities, buckets, progress), threshold)
    return _result(bags, bags.rows[first], bags.rows[second], similarity, buckets.left_out)


def _candidates(bags: Bags, parities: Parities, buckets: Buckets, progress: Progress) -> Iterator[tuple[Rows, Rows]]:
    """Pairs of bags that may be similar, without those that certainly are not; some come more than once."""
    sources = [prefix_keys(bags, band, buckets) for band in bands(buckets.threshold)]
    sources.append(minhash_keys(bags, buckets))
    with progress.track("finding near-duplicates", total=len(sources), unit="steps") as advance:
        for source in sources:
            for keyed in source:
                for first, second in buckets.pairs(keyed):
                    possible = parities.possible(first, second)
                    yield first[possible], second[possible]
            advance(1)


def _similar(bags: Bags, parities: Parities, threshold: float, first: Rows, second: Rows) -> npt.NDArray[np.bool_]:
    """Which pairs are similar, without a doubt."""
    similar = parities.possible(first, second)
    maybe = np.flatnonzero(similar)
    similar[maybe] = similarities(bags, first[maybe], second[maybe]) >= threshold - 1e-9
    return similar


def _verified(
    bags: Bags, candidates: Iterator[tuple[Rows, Rows]], threshold: float
) -> tuple[Rows, Rows, npt.NDArray[np.float64]]:
    """The candidates that are similar, each once, with their similarity."""
    many = max(len(bags.rows), 1)
    codes: list[Rows] = []
    found: list[Rows] = []
    scores: list[npt.NDArray[np.float64]] = []
    waiting = 0

    def settle() -> None:
        unique = np.unique(np.concatenate(codes))
        similarity = similarities(bags, unique // many, unique % many)
        similar = similarity >= threshold - 1e-9
        found.append(unique[similar])
        scores.append(similarity[similar])
        codes.clear()

    for first, second in candidates:
        codes.append(np.minimum(first, second) * many + np.maximum(first, second))
        waiting += len(first)
        if waiting > _WAITING_PAIRS:
            settle()
            waiting = 0
    if codes:
        settle()
    if not found:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    unique, place = np.unique(np.concatenate(found), return_index=True)
    return unique // many, unique % many, np.concatenate(scores)[place]


def _result(bags: Bags, first: Rows, second: Rows, similarity: npt.NDArray[np.float64], left_out: int) -> Duplicates:
    first, second = np.minimum(first, second), np.maximum(first, second)
    copies = np.flatnonzero(bags.first != np.arange(len(bags.first)))
    first = np.concatenate([first, bags.first[copies]])
    second = np.concatenate([second, copies])
    similarity = np.concatenate([similarity, np.ones(len(copies))])
    order = np.lexsort((second, first))
    return Duplicates(
        pairs=np.column_stack([first[order], second[order]]),
        similarity=similarity[order].astype(np.float32),
        groups=connected(first, second, len(bags.first)),
        left_out=left_out,
    )
