"""The lock of a run's folder: held by who trains there, let go by the system when that process dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from tamis.core import UsageError

LOCK = "lock"


@contextlib.contextmanager
def hold(folder: Path) -> Iterator[None]:
    """Hold a run's folder while the block runs; UsageError when another process holds it."""
    handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"the run {folder.name!r} is being trained by another process", hint="wait for it, or stop it first"
            ) from None
        yield
    finally:
        os.close(handle)


def is_held(folder: Path) -> bool:
    """Return whether somebody trains in a run's folder right now."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(handle)
