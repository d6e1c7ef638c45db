"""RayExecutor: the Executor port on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from tamis.backends.ray.cluster import connect, in_worker
from tamis.backends.ray.group import run_in_group
from tamis.backends.ray.stream import stream
from tamis.backends.ray.tasks import run_tasks

In = TypeVar("In")
Out = TypeVar("Out")

_AHEAD = 4  # batches a worker: a window of Ray Data costs a fifth of a second


@dataclass(frozen=True, kw_only=True)
class RayExecutor:
    """Runs work in `workers` processes of a cluster; 0 means as many as it has processors."""

    workers: int = 0
    tries: int = 3

    def map_batches(self, fn: Callable[[In], Out], batches: Iterable[In]) -> Iterator[Out]:
        """Yield `fn(batch)` in order; at most four batches a worker are held."""
        at_once = self._at_once()
        if in_worker():  # Ray Data does not lend its processor to those it waits for; tasks do
            yield from run_tasks(fn, batches, at_once=at_once, ahead=_AHEAD * at_once, tries=self.tries)
        else:
            yield from stream(fn, batches, at_once=at_once, window=_AHEAD * at_once, tries=self.tries)

    def run_trials(self, fn: Callable[[In], Out], trials: Sequence[In]) -> list[Out]:
        """Return `fn(trial)` for each trial, in order."""
        return list(run_tasks(fn, trials, at_once=self._at_once(), ahead=len(trials), tries=self.tries))

    def run_group(self, fn: Callable[[int, int], Out], workers: int) -> list[Out]:
        """Return `fn(rank, workers)` of processes that all run at once."""
        if workers <= 1:
            return self.run_trials(lambda rank: fn(rank, 1), [0])
        return run_in_group(fn, workers, processors=connect(), tries=self.tries)

    def _at_once(self) -> int:
        processors = connect()
        return self.workers or max(1, int(processors))
