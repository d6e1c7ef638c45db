"""Folds: every row is judged by a model that never saw it, nor its near-duplicates, nor its group."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.int64]


def join_units(first: Numbers, second: Numbers) -> Numbers:
    """Return the number of each row's unit: rows that share a number in either list are in one unit.

    >>> join_units(np.array([0, 0, 1, 2, 3]), np.array([7, 8, 8, 9, 5])).tolist()
    [0, 0, 0, 1, 2]
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    rows = len(first)
    one, other = (np.unique(numbers, return_inverse=True)[1] for numbers in (first, second))
    width = (one.max(initial=-1) + 1) + (other.max(initial=-1) + 1)
    links = coo_matrix((np.ones(rows), (one, one.max(initial=-1) + 1 + other)), shape=(width, width))
    parts = connected_components(links, directed=False)[1]
    joined: Numbers = np.unique(parts[one], return_inverse=True)[1].astype(np.int64)
    return joined


def assign_folds(units: Numbers, classes: Numbers, *, folds: int, seed: int) -> Numbers:
    """Return the fold of each row: units stay whole, and every class is shared out as evenly as they allow.

    >>> folds = assign_folds(np.arange(10), np.array([0] * 8 + [1] * 2), folds=2, seed=0)
    >>> np.bincount(folds[:8]).tolist(), sorted(folds[8:].tolist())
    ([4, 4], [0, 1])
    """
    count = int(units.max(initial=-1)) + 1
    sizes = np.bincount(units, minlength=count)
    order = np.argsort(units, kind="stable")
    starts = np.concatenate([[0], np.cumsum(sizes)])
    shuffled = np.random.default_rng(seed).permutation(count)
    largest_first = shuffled[np.argsort(-sizes[shuffled], kind="stable")]
    of_class = np.zeros((int(classes.max(initial=0)) + 1, folds))
    totals = np.zeros(folds)
    fold_of_unit = np.zeros(count, np.int64)
    for unit in largest_first.tolist():
        found = classes[order[starts[unit] : starts[unit + 1]]]
        number = found[0] if len(found) == 1 else np.bincount(found).argmax()
        fold = int(np.lexsort((totals, of_class[number]))[0])
        fold_of_unit[unit] = fold
        totals[fold] += len(found)
        for one in found:
            of_class[one, fold] += 1
    return fold_of_unit[units]
