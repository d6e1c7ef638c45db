"""Together: which rows must not be torn apart, and what to do about those that were."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def numbered(values: npt.NDArray[np.generic]) -> Numbers:
    """Return values as numbers from 0, equal ones alike."""
    numbers: Numbers = np.unique(values, return_inverse=True)[1].astype(np.int64)
    return numbers


def link(groups: Numbers, clusters: Numbers, *, limit: int) -> tuple[Numbers, int]:
    """Return units that hold whole groups, joined where they share near-duplicates, and how many clusters still cross.

    A text that stands in very many groups (a licence, a greeting) would chain them all to one unit, and there would be
    nothing left to split. So groups join only while the unit stays within `limit` rows; the clusters of fewest groups
    come first.
    """
    sizes = np.bincount(groups).tolist()
    shared = np.bincount(clusters)[clusters] > 1
    width = len(sizes)
    pairs = np.unique(clusters[shared] * width + groups[shared])
    cluster, group = np.divmod(pairs, width)
    starts = np.flatnonzero(np.diff(cluster, prepend=-1))
    spans = np.diff(starts, append=len(cluster))
    root = list(range(width))

    def find(one: int) -> int:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    crossing = 0
    many = np.flatnonzero(spans > 1)
    for piece in many[np.lexsort((group[starts[many]], spans[many]))].tolist():
        roots = {find(one) for one in group[starts[piece] : starts[piece] + spans[piece]].tolist()}
        together = sum(sizes[one] for one in roots)
        if len(roots) > 1 and together > limit:
            crossing += 1
            continue
        first, *others = sorted(roots)
        sizes[first] = together
        for other in others:
            root[other] = first
    return numbered(np.array([find(one) for one in range(width)], dtype=np.int64)[groups]), crossing


def repeats_of_later(splits: npt.NDArray[np.int8], clusters: Numbers) -> npt.NDArray[np.bool_]:
    """Return which rows have a near-duplicate in a split that stands later in `SPLITS`.

    Whatever judges keeps its rows: of a text that is in train and in test, the copy in train is the one to leave out.
    """
    latest = np.full(int(clusters.max(initial=-1)) + 1, -1, dtype=np.int8)
    np.maximum.at(latest, clusters, splits)
    return (splits >= 0) & (splits < latest[clusters])


def crossings(splits: npt.NDArray[np.int8], clusters: Numbers) -> dict[tuple[int, int], int]:
    """Return for each pair of splits how many rows of the first have a near-duplicate in the second."""
    counted: dict[tuple[int, int], int] = defaultdict(int)
    present = sorted(set(splits.tolist()) - {-1})
    for later in present:
        there = np.zeros(int(clusters.max(initial=-1)) + 1, dtype=np.bool_)
        there[clusters[splits == later]] = True
        for earlier in present:
            if earlier < later:
                counted[earlier, later] = int((there[clusters] & (splits == earlier)).sum())
    return dict(counted)
