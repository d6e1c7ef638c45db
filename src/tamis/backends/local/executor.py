"""LocalExecutor: the Executor port on this machine, in this process or in several."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Generic, TypeVar

from tamis.core import WorkerLost, free_port, join_group

In = TypeVar("In")
Out = TypeVar("Out")

_LOOK_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True)
class LocalExecutor:
    """Runs work in `workers` processes; 0 or 1 means this very process.

    >>> list(LocalExecutor().map_batches(abs, [-2, 3]))
    [2, 3]
    """

    workers: int = 0
    tries: int = 3

    def map_batches(self, fn: Callable[[In], Out], batches: Iterable[In]) -> Iterator[Out]:
        """Yield `fn(batch)` in order; at most two batches a worker are under way."""
        if self.workers <= 1:
            yield from map(fn, batches)
            return
        pool = _pool(self.workers)
        waiting: deque[_Task[In, Out]] = deque()
        source, broken = iter(batches), 0
        try:
            while True:
                try:
                    for batch in itertools.islice(source, 2 * self.workers - len(waiting)):
                        waiting.append(_Task(fn, batch))
                    for task in waiting:
                        task.start(pool)
                    if not waiting:
                        pool.shutdown()
                        return
                    result = waiting[0].result()
                except BrokenProcessPool:  # one that is killed takes the others along; what they had done is kept
                    broken += 1
                    if broken == self.tries:
                        raise WorkerLost from None
                    pool.shutdown()
                    pool = _pool(self.workers)
                else:
                    waiting.popleft()
                    broken = 0
                    yield result
        finally:
            _end(pool)

    def run_trials(self, fn: Callable[[In], Out], trials: Sequence[In]) -> list[Out]:
        """Return `fn(trial)` for each trial, in order."""
        return list(self.map_batches(fn, trials))

    def run_group(self, fn: Callable[[int, int], Out], workers: int) -> list[Out]:
        """Return `fn(rank, workers)` of processes that all run at once."""
        if workers <= 1:
            return [fn(0, 1)]
        for _ in range(self.tries):
            port, pool = free_port(), _pool(workers)
            try:
                ranks = [pool.submit(_join, fn, rank, workers, port) for rank in range(workers)]
                done = _first_trouble_or_all(pool, ranks)
                results = [rank.result() for rank in ranks if rank in done]  # all of them, unless one raises here
                pool.shutdown()
                return results
            except BrokenProcessPool:
                pass
            finally:
                _end(pool)
        raise WorkerLost


def _first_trouble_or_all(pool: ProcessPoolExecutor, ranks: Sequence[Future[Out]]) -> set[Future[Out]]:
    """Wait until one raises or all are done, and return those that are.

    A pool looks for processes that died when something happens, and its newest one it may have overlooked until then:
    the others would wait for that one for ever. So something is made to happen.
    """
    while True:
        done, rest = wait(ranks, timeout=_LOOK_SECONDS, return_when=FIRST_EXCEPTION)
        if not rest or any(each.exception() for each in done):
            return done
        pool.submit(int)


class _Task(Generic[In, Out]):
    """One batch, given to one pool after the other until it is done."""

    def __init__(self, fn: Callable[[In], Out], batch: In) -> None:
        self._fn = fn
        self._batch = batch
        self._future: Future[Out] | None = None

    def start(self, pool: ProcessPoolExecutor) -> None:
        """Give it to a pool, unless it is under way or done."""
        future = self._future
        if future is None or (future.done() and isinstance(future.exception(), BrokenProcessPool)):
            self._future = pool.submit(self._fn, self._batch)

    def result(self) -> Out:
        """Wait for the result."""
        assert self._future is not None
        return self._future.result()


def _join(fn: Callable[[int, int], Out], rank: int, workers: int, port: int) -> Out:
    join_group(rank, workers, host="127.0.0.1", port=port)
    return fn(rank, workers)


def _pool(workers: int) -> ProcessPoolExecutor:
    # spawn, not fork: a forked child inherits the locks of threads (polars, torch, duckdb) that it does not have
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"), initializer=_begin)


def _end(pool: ProcessPoolExecutor) -> None:
    """End the processes of a pool, whatever they are at: nobody waits for it any more."""
    for process in list((pool._processes or {}).values()):
        process.kill()
    pool.shutdown(cancel_futures=True)


def _begin() -> None:
    """Let other programs go first, and end when the process that asked for the work is gone, even if it was killed."""
    os.nice(5)
    threading.Thread(target=_end_with_parent, name="tamis-parent", daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
