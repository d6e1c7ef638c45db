"""Outcome: what a function returned or raised in another process, as bytes."""

from __future__ import annotations

import pickle
import traceback
from typing import Any

from ray import cloudpickle


def outcome_of(call: bytes, *arguments: bytes) -> bytes:
    """Return the outcome of a pickled function."""
    try:
        value = pickle.loads(call)(*map(pickle.loads, arguments))
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
