"""Captured: the triggers that watch the log of a server's answers, for alarms and for labels from people."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tamis.core import Workspace
from tamis.pipeline.triggers.look import Cursor, Look

if TYPE_CHECKING:
    from tamis.core import EventLog

ALARM, _FEEDBACK = "alarm", "feedback"
_BEHIND_SECONDS = 10.0
"""Servers that share a log may add an event a moment after a later one: that much is left for the next look."""
_SET_BACK_SECONDS = 3600.0


def look_at_alarms(workspace: Workspace, name: str, cursor: Cursor, *, now: datetime) -> Look:
    """Tell whether alarms of this name came since the last look; several are one reason."""
    reached, found = int(cursor.get("after", 0)), []
    for number, event in _events(workspace, reached, now=now):
        reached = number
        if event["kind"] == ALARM and name in ("any", event.get("name")):
            found.append(": ".join(str(event[key]) for key in ("name", "why") if event.get(key)))
    after = {"after": reached}
    if not cursor:  # what was there before the first look is not new
        return Look(cursor=after, note="no alarm yet")
    return Look(
        cursor=cursor if found else after,
        note=f"{len(found):,} new alarms" if found else "no new alarm",
        why=f"{len(found):,} alarm{'s' * (len(found) > 1)}, the last: {found[-1]}" if found else "",
        after=after,
    )


def look_at_labels(workspace: Workspace, count: int, cursor: Cursor, *, now: datetime) -> Look:
    """Tell whether so many texts got a label since the last run; one that is labelled twice counts once."""
    reached, labelled = int(cursor.get("after", 0)), dict.fromkeys(cursor.get("ids", ()))
    for number, event in _events(workspace, reached, now=now):
        reached = number
        if event["kind"] == _FEEDBACK and cursor:
            labelled[str(event["id"])] = None
    due = len(labelled) >= count
    return Look(
        cursor={"after": reached, "ids": list(labelled)},
        note=f"{len(labelled):,} of {count:,} labels",
        why=f"{len(labelled):,} new labels" if due else "",
        after={"after": reached, "ids": []},
    )


def raise_alarm(workspace: Workspace, name: str, *, why: str, now: datetime) -> None:
    """Add an alarm to the captures, for a trigger to see."""
    with contextlib.closing(_log(workspace)) as log:
        log.append([{"kind": ALARM, "time": now.timestamp(), "name": name, "why": why}])


def _events(workspace: Workspace, after: int, *, now: datetime) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The events past a number, but for those of the last moment."""
    until = now.timestamp() - _BEHIND_SECONDS
    with contextlib.closing(_log(workspace)) as log:
        for number, event in log.read(after=after):
            at = event.get("time")
            if isinstance(at, int | float) and until < at < until + _SET_BACK_SECONDS:
                return
            yield number, event


def _log(workspace: Workspace) -> EventLog:
    from tamis.serve import ServeSettings, open_events

    return open_events(workspace, workspace.config.of(ServeSettings))
