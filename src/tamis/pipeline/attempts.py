"""Attempts: a step is tried, and tried again after a while, until it is done or has no retries left."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from tamis.pipeline.call import Failure, Outcome
from tamis.pipeline.graph import Step


@dataclass(frozen=True, kw_only=True)
class Retried:
    """A step failed and will be tried again."""

    name: str
    attempt: int
    why: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """What a step does just now."""

    name: str
    words: str
    share: float | None


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A step is over."""

    name: str
    attempt: int
    outcome: Outcome
    seconds: float


def attempt(
    name: str,
    step: Step,
    perform: Callable[[], Outcome],
    *,
    stop: threading.Event,
    tell: queue.SimpleQueue[Ended | Retried | Said],
) -> None:
    """Perform a step, again after a failure that another try may mend, and tell of each try and of the end."""
    number, began = 0, time.monotonic()
    outcome = Outcome(failure=STOPPED)
    try:
        for number in range(1, step.retries + 2):
            began = time.monotonic()
            outcome = perform()
            if outcome.failure is None or not outcome.failure.retry or number > step.retries:
                break
            wait = step.backoff_seconds * 2 ** (number - 1)
            why = f"try {number} of {step.retries + 1} failed: {outcome.failure.message}; the next one in {wait:g} s"
            tell.put(Retried(name=name, attempt=number + 1, why=why))
            if stop.wait(wait):
                outcome = Outcome(failure=STOPPED)
                break
    except KeyboardInterrupt:  # it was told to stop just before or after the step's own code
        outcome = Outcome(failure=STOPPED)
    except BaseException as error:
        outcome = Outcome(failure=Failure(message=f"{type(error).__name__}: {error}", retry=False))
    with contextlib.suppress(KeyboardInterrupt):  # it came when all was over
        tell.put(Ended(name=name, attempt=number, outcome=outcome, seconds=time.monotonic() - began))


STOPPED = Failure(message="it was stopped", retry=False, stopped=True)
