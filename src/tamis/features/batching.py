"""Batching: which pieces go through a model together, so that little of the work is padding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Batches = list[npt.NDArray[np.int64]]


def length_batches(sizes: npt.NDArray[np.integer], *, batch_tokens: int, max_rows: int = 0) -> Batches:
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


def cheapest_batches(sizes: npt.NDArray[np.integer], *, batch_tokens: int, pass_tokens: int) -> Batches:
    """Return the numbers of the pieces in those batches of like length that take the least time altogether.

    A batch takes rows x longest, at most `batch_tokens`, and `pass_tokens` besides: as long as so many tokens take.
    With few pieces it matters where a batch ends: a longer one has more padding, more batches have more passes.

    >>> sizes = np.array([50, 8, 49, 9])
    >>> [batch.tolist() for batch in cheapest_batches(sizes, batch_tokens=1024, pass_tokens=10)]
    [[0, 2], [3, 1]]
    >>> [batch.tolist() for batch in cheapest_batches(sizes, batch_tokens=1024, pass_tokens=100)]
    [[0, 2, 3, 1]]
    """
    order = np.argsort(-sizes, kind="stable")
    count = len(order)
    least = np.zeros(count + 1, np.int64)  # what the pieces from here to the end take
    rows = np.zeros(count, np.int64)  # of the batch that begins here
    for start in range(count - 1, -1, -1):
        longest = max(1, int(sizes[order[start]]))
        most = min(max(1, batch_tokens // longest), count - start)
        takes = longest * np.arange(1, most + 1) + least[start + 1 : start + most + 1]
        best = int(takes.argmin())
        rows[start], least[start] = best + 1, takes[best] + pass_tokens
    batches, start = [], 0
    while start < count:
        batches.append(order[start : start + rows[start]])
        start += int(rows[start])
    return batches
