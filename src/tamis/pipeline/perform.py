"""Perform: where a step runs: in this thread, in a process of its own, or where an executor takes it."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tamis.core import Executor, Silent, WorkerLost
from tamis.pipeline.call import Call, Failure, Outcome
from tamis.pipeline.own_process import run_in_process
from tamis.pipeline.telling import Tell


def performing(
    call: Call,
    *,
    executor: Executor | None,
    timeout_seconds: float | None,
    flag: Path,
    stop: threading.Event,
    say: Tell,
) -> Callable[[], Outcome]:
    """Return the function that runs a call and returns how it ended."""
    if executor is None and timeout_seconds is None:
        return call.run
    # what travels is small: settings that were read here are read again there, by steps that ask for them
    context = replace(call.context, workspace=replace(call.context.workspace), progress=Silent())
    far = replace(call, context=context)
    path = tuple(sys.path)
    if executor is None:
        return lambda: run_in_process(far, path=path, timeout_seconds=timeout_seconds, stopped=stop.is_set, say=say)
    return lambda: _by(executor, _Far(far, path, timeout_seconds, flag))


def interrupt(thread: threading.Thread) -> None:
    """Raise KeyboardInterrupt in another thread, when it next runs Python."""
    if thread.ident is not None:
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(KeyboardInterrupt))


@dataclass(frozen=True)
class _Far:
    """A call that is run somewhere else, and is ended there when the flag of cancellation appears."""

    call: Call
    path: tuple[str, ...]
    """Where modules are looked for."""
    timeout_seconds: float | None
    flag: Path


def _run_far(far: _Far) -> Outcome:
    return run_in_process(far.call, path=far.path, timeout_seconds=far.timeout_seconds, stopped=far.flag.exists)


def _by(executor: Executor, far: _Far) -> Outcome:
    try:
        return executor.run_trials(_run_far, [far])[0]
    except WorkerLost as error:
        return Outcome(failure=Failure(message=str(error)))
