"""Tasks: pieces of work as Ray tasks, as many at a time as are wanted, with their results in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import ray
from ray import cloudpickle
from ray.exceptions import OutOfMemoryError, WorkerCrashedError

from tamis.backends.ray.outcome import outcome_of, packed, value_of
from tamis.core import WorkerLost


def run_tasks(
    fn: Callable[[Any], Any], pieces: Iterable[Any], *, at_once: int, ahead: int, tries: int
) -> Iterator[Any]:
    """Yield `fn(piece)` in order; pieces are taken when one of `at_once` is free, at most `ahead` before their turn."""
    task = ray.remote(outcome_of).options(max_retries=tries - 1)
    call = ray.put(packed(fn))
    running: dict[Any, int] = {}
    done: dict[int, bytes] = {}
    source, turn = enumerate(pieces), 0
    try:
        while True:
            while len(running) < at_once and len(running) + len(done) < ahead and (next_one := next(source, None)):
                number, piece = next_one
                running[task.remote(call, cloudpickle.dumps(piece))] = number
            if not running and not done:
                return
            while turn not in done:
                finished, _ = ray.wait(list(running))
                done[running.pop(finished[0])] = ray.get(finished[0])
            yield value_of(done.pop(turn))
            turn += 1
    except (WorkerCrashedError, OutOfMemoryError):
        raise WorkerLost from None
    finally:
        for each in running:
            ray.cancel(each, force=True)
