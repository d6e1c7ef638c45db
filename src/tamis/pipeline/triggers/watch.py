"""Watch: looks at all triggers of a workspace once, and starts the runs that are due."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tamis.core import TamisError, UsageError, Workspace
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.triggers.captured import look_at_alarms, look_at_labels
from tamis.pipeline.triggers.config import TriggerSettings
from tamis.pipeline.triggers.look import Cursor, Look
from tamis.pipeline.triggers.memory import Fired, Firing, Memory, read_memory, triggers_folder, write_memory
from tamis.pipeline.triggers.new_data import look_at_files
from tamis.pipeline.triggers.schedule import look_at_clock

Clock = Callable[[], datetime]
_TRIES = 3
"""A run in which the process dies so often is given up."""


@dataclass(frozen=True, kw_only=True)
class Ran:
    """The run that a trigger started, and how it ended."""

    run: str
    outcome: str


Start = Callable[[Firing, TriggerSettings], Ran]
"""Brings the run of a firing to its end: begins it, goes on with it if it has begun, or only tells how it ended."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """How it stands with a trigger after a look."""

    trigger: str
    note: str
    fired: Fired | None = None
    """The run that it started just now."""
    problem: str = ""
    """Why nothing could be seen or started; it is tried again at the next look."""


def check_triggers(workspace: Workspace, *, start: Start, clock: Clock) -> Iterator[Seen]:
    """Look at each trigger once and run what is due, one after the other; only one process may do so at a time.

    An event starts one run, whatever happens meanwhile. A run that cannot start now (somebody else runs in the
    workspace, the pipeline has a mistake) stays pending until it can.
    """
    triggers = workspace.config.of(PipelineSettings).triggers
    with _alone(workspace):
        for name, settings in triggers.items():
            try:
                yield _check(workspace, name, settings, start=start, clock=clock)
            except (TamisError, OSError) as error:
                yield Seen(trigger=name, note="", problem=str(error))


def look_at(workspace: Workspace, settings: TriggerSettings, cursor: Cursor, *, now: datetime) -> Look:
    """Return what a trigger sees from where it has read to."""
    if settings.cron is not None:
        return look_at_clock(settings.cron, settings.zone, cursor, now=now)
    if settings.data is not None:
        pattern, settle = settings.pattern, settings.settle_seconds
        return look_at_files(workspace, settings.data, cursor, pattern=pattern, settle_seconds=settle, now=now)
    if settings.alarm is not None:
        return look_at_alarms(workspace, settings.alarm, cursor, now=now)
    assert settings.labels is not None
    return look_at_labels(workspace, settings.labels, cursor, now=now)


def cool_until(settings: TriggerSettings, memory: Memory | None) -> datetime | None:
    """Return until when a trigger waits after its last run."""
    if memory is None or memory.last is None or not settings.cool_down_minutes:
        return None
    return memory.last.finished + timedelta(minutes=settings.cool_down_minutes)


def watches(settings: TriggerSettings) -> str:
    """Return what a trigger watches in one word: what it has read is about nothing else."""
    return f"{settings.watched} {getattr(settings, settings.watched)}"


def _check(workspace: Workspace, name: str, settings: TriggerSettings, *, start: Start, clock: Clock) -> Seen:
    now = clock()
    memory = read_memory(workspace, name)
    if memory is not None and memory.pending is not None:
        return _run(workspace, name, settings, memory, start=start, clock=clock)
    if memory is None or memory.watches != watches(settings):
        fired = memory.fired if memory else ()
        memory = Memory(watches=watches(settings), since=now, cursor={}, fired=fired)
    known = memory
    if memory.last is not None and memory.last.finished > now:  # the clock was set back: it cools down from now on
        last = memory.last.model_copy(update={"finished": now})
        memory = memory.model_copy(update={"fired": (*memory.fired[:-1], last)})
    look = look_at(workspace, settings, memory.cursor, now=now)
    until = cool_until(settings, memory)
    cooling = until is not None and now < until
    if look.why and look.after is not None and not cooling:
        firing = Firing(
            id=f"{name} {now:%Y-%m-%dT%H:%M:%SZ} {secrets.token_hex(4)}",
            trigger=name,
            at=now,
            why=look.why,
            files=look.files,
            after=dict(look.after),
        )
        memory = memory.model_copy(update={"cursor": dict(look.cursor), "pending": firing})
        return _run(workspace, name, settings, memory, start=start, clock=clock)
    memory = memory.model_copy(update={"cursor": dict(look.cursor)})
    if memory != known or not known.cursor:
        write_memory(workspace, name, memory)
    note = f"{look.note}, it cools down until {until:%Y-%m-%d %H:%M} UTC" if cooling and look.why else look.note
    return Seen(trigger=name, note=note)


def _run(
    workspace: Workspace, name: str, settings: TriggerSettings, memory: Memory, *, start: Start, clock: Clock
) -> Seen:
    """Write down that a run is to be, run it, and write down that it is over."""
    firing = memory.pending
    assert firing is not None
    trying = firing.model_copy(update={"tries": firing.tries + 1})
    write_memory(workspace, name, memory.model_copy(update={"pending": trying}))
    if firing.tries >= _TRIES:
        ran = Ran(run="", outcome=f"given up: {firing.tries} times the process died in it")
    else:
        try:
            ran = start(trying, settings)
        except BaseException:  # only a process that is killed has tried: not one that is asked to stop, or must wait
            with contextlib.suppress(OSError):
                write_memory(workspace, name, memory)
            raise
    fired = Fired(at=firing.at, why=firing.why, run=ran.run, outcome=ran.outcome, finished=clock())
    write_memory(workspace, name, memory.over(fired))
    return Seen(trigger=name, note=firing.why, fired=fired)


@contextlib.contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Keep a second process from looking at the same time; the system lets go for one that dies."""
    folder = triggers_folder(workspace)
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # no child has it
        except OSError:
            who = os.pread(handle, 20, 0).decode(errors="replace").strip() or "unknown"
            raise UsageError(
                f"another process looks at the triggers of {workspace.root} already (process {who})",
                hint="one `tamis run on-triggers` is enough for a workspace",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(handle)
