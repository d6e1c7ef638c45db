"""Outcome: what a function returned or raised in another process, as bytes."""

from __future__ import annotations

import contextlib
import os
import pickle
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ray import cloudpickle


def packed(fn: Callable[..., Any]) -> bytes:
    """Return a function as bytes, with the folder it is called from: what it names relative to it stays the same."""
    return bytes(cloudpickle.dumps((Path.cwd(), fn)))


def outcome_of(call: bytes, *arguments: bytes) -> bytes:
    """Return the outcome of a packed function."""
    try:
        folder, fn = pickle.loads(call)
        with contextlib.suppress(OSError):  # another machine may not have it
            os.chdir(folder)
        value = fn(*map(pickle.loads, arguments))
        return bytes(cloudpickle.dumps((True, value)))
    except BaseException as error:
        error.add_note(f"in a Ray worker:\n{traceback.format_exc()}")
        return _raised(error)


def _raised(error: BaseException) -> bytes:
    try:
        outcome = cloudpickle.dumps((False, error))
        pickle.loads(outcome)
    except Exception:  # an error that cannot travel; what it said can
        outcome = cloudpickle.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return bytes(outcome)


def value_of(outcome: bytes) -> Any:
    """Return what the function returned, or raise what it raised."""
    returned, value = pickle.loads(outcome)
    if returned:
        return value
    raise value
