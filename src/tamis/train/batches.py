"""Batches: which rows make a step, and in which passes through the model a step is done."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from tamis.features import length_batches

Rows = npt.NDArray[np.int64]

_POOL_STEPS = (16, 128)
"""Rows are sorted by length among those of so many steps: fewer waste more on padding, more repeat the same company."""


def plan_epoch(sizes: npt.NDArray[np.integer], *, batch_rows: int, seed: int, epoch: int) -> list[Rows]:
    """Return the rows of each step of an epoch: every row once, rows of like length together, the steps shuffled.

    A step has at most `batch_rows` rows, and no two steps differ by more than one: none is a mere rest, whose few rows
    would steer as much as many. The same seed and epoch give the same steps, however many processes share them.

    >>> [rows.tolist() for rows in plan_epoch(np.array([3, 9, 2, 8, 1]), batch_rows=2, seed=0, epoch=1)]
    [[0], [3, 1], [4, 2]]
    """
    random = np.random.default_rng([seed, epoch])
    order = random.permutation(len(sizes))
    steps = -(-len(sizes) // batch_rows)
    bounds = np.linspace(0, len(sizes), steps + 1).round().astype(np.int64)
    fewest, most = _POOL_STEPS
    pool = min(max(steps // 4, fewest), most)
    for start in range(0, steps, pool):
        part = slice(int(bounds[start]), int(bounds[min(start + pool, steps)]))
        order[part] = order[part][np.argsort(sizes[order[part]], kind="stable")]
    return [order[bounds[step] : bounds[step + 1]] for step in random.permutation(steps)]


def share_of(rows: Rows, sizes: npt.NDArray[np.integer], *, rank: int, workers: int) -> Rows:
    """Return the rows of a step that one of several processes does; they are dealt out by length, so all work alike."""
    if workers == 1:
        return rows
    return rows[np.argsort(-sizes[rows], kind="stable")][rank::workers]


def passes(rows: Rows, sizes: npt.NDArray[np.integer], *, batch_tokens: int, batch_rows: int = 0) -> Iterator[Rows]:
    """Yield the rows of a step in passes that fit in memory, the longest rows first."""
    for places in length_batches(sizes[rows], batch_tokens=batch_tokens, max_rows=batch_rows):
        yield rows[places]


def padding_share(steps: Sequence[Rows], sizes: npt.NDArray[np.integer], *, batch_tokens: int) -> float:
    """Return which share of the tokens that the model is shown in these steps is padding.

    >>> round(padding_share([np.array([0, 1])], np.array([3, 5]), batch_tokens=16), 2)
    0.2
    """
    real = shown = 0
    for rows in steps:
        for some in passes(rows, sizes, batch_tokens=batch_tokens):
            real += int(sizes[some].sum())
            shown += len(some) * int(sizes[some].max())
    return 1 - real / shown if shown else 0.0
