"""Batching: which pieces go through a model together, so that little of the work is padding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def length_batches(
    sizes: npt.NDArray[np.integer], *, batch_tokens: int, max_rows: int = 0
) -> list[npt.NDArray[np.int64]]:
    """Return the numbers of the pieces in batches of like length: rows x longest is at most `batch_tokens`.

    The longest come first, so that what does not fit in memory fails at once. A piece longer than the budget is a batch
    of its own. `max_rows` 0 means no limit.

    >>> [batch.tolist() for batch in length_batches(np.array([2, 9, 3]), batch_tokens=9)]
    [[1], [2, 0]]
    """
    order = np.argsort(-sizes, kind="stable")
    batches, start = [], 0
    while start < len(order):
        rows = max(1, batch_tokens // max(1, int(sizes[order[start]])))
        rows = min(rows, max_rows) if max_rows else rows
        batches.append(order[start : start + rows])
        start += rows
    return batches
