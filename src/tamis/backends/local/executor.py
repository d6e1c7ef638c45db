"""LocalExecutor: the Executor port on this machine, in this process or in several."""

from __future__ import annotations

import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from tamis.core import WorkerLost

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """Runs work in `workers` processes; 0 or 1 means this very process.

    >>> list(LocalExecutor().map_batches(abs, [-2, 3]))
    [2, 3]
    """

    workers: int = 0

    def map_batches(self, fn: Callable[[In], Out], batches: Iterable[In]) -> Iterator[Out]:
        """Yield `fn(batch)` in order; at most two batches a worker are under way."""
        if self.workers <= 1:
            yield from map(fn, batches)
            return
        with _pool(self.workers) as pool:
            waiting: deque[Future[Out]] = deque()
            try:
                for batch in batches:
                    waiting.append(pool.submit(fn, batch))
                    if len(waiting) >= 2 * self.workers:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            except BrokenProcessPool:
                raise WorkerLost from None
            finally:
                for future in waiting:
                    future.cancel()

    def run_trials(self, fn: Callable[[In], Out], trials: Sequence[In]) -> list[Out]:
        """Return `fn(trial)` for each trial, in order."""
        return list(self.map_batches(fn, trials))

    def run_group(self, fn: Callable[[int, int], Out], workers: int) -> list[Out]:
        """Return `fn(rank, workers)` of processes that all run at once."""
        if workers <= 1:
            return [fn(0, 1)]
        with _pool(workers) as pool:
            return list(pool.map(partial(_call, fn, workers), range(workers)))


def _call(fn: Callable[[int, int], Out], workers: int, rank: int) -> Out:
    return fn(rank, workers)


def _pool(workers: int) -> ProcessPoolExecutor:
    # spawn, not fork: a forked child inherits the locks of threads (polars, torch, duckdb) that it does not have
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _begin() -> None:
    """Let other programs go first, and end when the process that asked for the work is gone, even if it was killed."""
    os.nice(5)
    threading.Thread(target=_end_with_parent, name="tamis-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
