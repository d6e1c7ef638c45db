"""Lock: one run at a time in a workspace, and everyone else is told who holds it."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from tamis.core import UsageError, Workspace
from tamis.pipeline.room import full_disk_told

_LOCK = "lock"
_PATIENCE_SECONDS = 0.3  # somebody who only looks who holds the lock holds it for a moment


class Holder(BaseModel):
    """Who runs in a workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    process: int
    since: datetime
    command: str

    def __str__(self) -> str:
        return f"{self.run} (process {self.process}, since {self.since:%Y-%m-%d %H:%M:%S} UTC: {self.command})"


@contextlib.contextmanager
def hold(workspace: Workspace, run: str, *, command: str) -> Iterator[None]:
    """Hold a workspace while the block runs; a UsageError that names the holder when somebody else has it.

    The system lets go for a process that dies, and processes it had forked do not hold on.
    """
    workspace.pipeline.mkdir(parents=True, exist_ok=True)
    handle = os.open(workspace.pipeline / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        if not _taken(handle, fcntl.LOCK_EX, patience_seconds=_PATIENCE_SECONDS):
            raise UsageError(
                f"{_said(workspace.pipeline / _LOCK) or 'another run'} runs in this workspace",
                hint="wait for it, or stop it: `tamis run cancel`",
            )
        holder = Holder(run=run, process=os.getpid(), since=datetime.now(UTC), command=command)
        with full_disk_told(workspace.pipeline / _LOCK):
            os.ftruncate(handle, 0)
            os.pwrite(handle, holder.model_dump_json().encode(), 0)
        _let_go_in_children()
        _HELD.add(handle)
        yield
        os.ftruncate(handle, 0)
    finally:
        _HELD.discard(handle)
        os.close(handle)


def holder_of(workspace: Workspace) -> Holder | None:
    """Return who runs in a workspace right now."""
    try:
        handle = os.open(workspace.pipeline / _LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        if _taken(handle, fcntl.LOCK_SH, patience_seconds=0):
            return None
        return _said(workspace.pipeline / _LOCK)
    finally:
        os.close(handle)


def _taken(handle: int, how: int, *, patience_seconds: float) -> bool:
    until = time.monotonic() + patience_seconds
    while True:
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


def _said(path: Path) -> Holder | None:
    """What the holder wrote; a moment passes between taking the lock and saying so."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return Holder.model_validate(json.loads(path.read_bytes()))
        except (ValueError, ValidationError):
            if time.monotonic() >= until:
                return None
            time.sleep(0.02)


_HELD: set[int] = set()


@cache
def _let_go_in_children() -> None:
    """A child shares the lock of whom it was forked from, and would hold it after that one's death."""

    def let_go() -> None:
        while _HELD:
            os.close(_HELD.pop())

    os.register_at_fork(after_in_child=let_go)
