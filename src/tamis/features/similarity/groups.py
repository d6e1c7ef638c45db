"""Groups: the rows that pairs hold together, directly or through others."""

from __future__ import annotations

import numpy as np

from tamis.features.similarity.arrays import Rows


def connected(first: Rows, second: Rows, rows: int) -> Rows:
    """Return for each row the smallest row number that it hangs together with; its own when it is alone.

    >>> connected(np.array([0, 3]), np.array([3, 4]), 5).tolist()
    [0, 1, 2, 0, 0]
    """
    group = np.arange(rows, dtype=np.int64)
    while len(first):
        a, b = group[first], group[second]
        apart = a != b
        first, second, a, b = first[apart], second[apart], a[apart], b[apart]
        np.minimum.at(group, np.maximum(a, b), np.minimum(a, b))
        while not np.array_equal(above := group[group], group):
            group = above
    return group
