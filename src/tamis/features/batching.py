"""Batching: which pieces go through a model together, so that little of the work is padding."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_ENOUGH_TOKENS = 256  # from here on a matrix product hardly gets quicker a token


def length_batches(
    sizes: npt.NDArray[np.integer], *, batch_tokens: int, max_rows: int = 0, max_waste: float = 1.0
) -> list[npt.NDArray[np.int64]]:
    """Return the numbers of the pieces in batches of like length: rows x longest is at most `batch_tokens`.

    The longest come first, so that what does not fit in memory fails at once. A piece longer than the budget is a batch
    of its own. `max_rows` 0 means no limit. With `max_waste` 0.05 a batch that is large enough to be worth while ends
    where padding would come to some 5 % of it, which matters when there are few pieces to sort.

    >>> [batch.tolist() for batch in length_batches(np.array([2, 9, 3]), batch_tokens=9)]
    [[1], [2, 0]]
    """
    order = np.argsort(-sizes, kind="stable")
    falling = -sizes[order]
    batches, start = [], 0
    while start < len(order):
        longest = max(1, -int(falling[start]))
        rows = max(1, batch_tokens // longest)
        rows = min(rows, max_rows) if max_rows else rows
        if max_waste < 0.5:  # lengths fall about evenly, so a shortest of (1 - 2w) x longest wastes w
            alike = int(np.searchsorted(falling, -longest * (1 - 2 * max_waste), side="right")) - start
            rows = min(rows, max(alike, _ENOUGH_TOKENS // longest, 1))
        batches.append(order[start : start + rows])
        start += rows
    return batches
