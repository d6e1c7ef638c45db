"""Memory: what a trigger must not forget, in one file that is written in one step.

The order of writing is what makes each event start exactly one run: first that a run is to be, and for what
(`pending`), then the run, then that it is over, together with how far the trigger has read. Whoever finds `pending`
after a crash goes on with that very run.
"""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tamis.core import DataError, UsageError, Workspace, write_atomic

_KEPT = 50
_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,63}")


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Firing(_Record):
    """A run that is to be, and why."""

    id: str
    """The name of the trigger and the moment; the run carries it, so that it is found again."""
    trigger: str
    at: datetime
    why: str
    files: tuple[str, ...] = ()
    after: dict[str, Any]
    """How far the trigger has read once the run is over."""
    tries: int = 0
    """How often a process began the run, or went on with it."""


class Fired(_Record):
    """A run that was."""

    at: datetime
    why: str
    run: str
    outcome: str
    """`finished`, `failed: …`, `cancelled`…"""
    finished: datetime


class Memory(_Record):
    """What one trigger knows."""

    watches: str
    """What it was set to; set to something else it begins anew."""
    since: datetime
    cursor: dict[str, Any]
    pending: Firing | None = None
    fired: tuple[Fired, ...] = ()
    """The latest runs, oldest first."""

    @property
    def last(self) -> Fired | None:
        """The latest run."""
        return self.fired[-1] if self.fired else None

    def over(self, fired: Fired) -> Memory:
        """The same when the pending run is over."""
        assert self.pending is not None
        return self.model_copy(
            update={"cursor": self.pending.after, "pending": None, "fired": (*self.fired, fired)[-_KEPT:]}
        )


def read_memory(workspace: Workspace, name: str) -> Memory | None:
    """Return what a trigger knows; None before its first look."""
    path = memory_file(workspace, name)
    try:
        return Memory.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError) as error:
        raise DataError(
            f"{path} is damaged: {str(error).splitlines()[0]}",
            hint="remove it: the trigger then begins with what is new from now on",
        ) from None


def write_memory(workspace: Workspace, name: str, memory: Memory) -> None:
    """Keep what a trigger knows; it is on the disk when this returns."""
    write_atomic(memory_file(workspace, name), memory.model_dump_json(indent=1) + "\n")


def memory_file(workspace: Workspace, name: str) -> Path:
    """Return where a trigger keeps what it knows."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"a trigger's name is letters, digits, _ and -, not {name!r}")
    return triggers_folder(workspace) / f"{name}.json"


def triggers_folder(workspace: Workspace) -> Path:
    """Return the folder in which all triggers keep what they know."""
    return workspace.pipeline / "triggers"
