"""Schedule: the trigger that watches the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tamis.pipeline.triggers.look import Cursor, Look

_AHEAD = timedelta(days=1)


def look_at_clock(cron: str, zone: str, cursor: Cursor, *, now: datetime) -> Look:
    """Tell whether a time has come since the last one: several that were missed are one.

    A clock that is set back repeats nothing; one that had been more than a day ahead was wrong, and all begins anew.
    """
    last = datetime.fromisoformat(cursor["at"]) if cursor else now
    if last - now > _AHEAD:
        last = now
    due = next_time(cron, zone, after=last)
    here = due.astimezone(ZoneInfo(zone))
    return Look(
        cursor={"at": last.isoformat()},
        note=f"next at {here:%Y-%m-%d %H:%M} {zone}",
        why=f"the schedule {cron}: {here:%Y-%m-%d %H:%M} {zone}" if due <= now else "",
        after={"at": now.isoformat()},
        next=due,
    )


def next_time(cron: str, zone: str, *, after: datetime) -> datetime:
    """Return the first time past `after`, in UTC.

    Where clocks go forward over a time it comes right after, and where they go back it comes once, as in Debian's cron.

    >>> next_time("30 2 * * *", "Europe/Berlin", after=datetime(2026, 3, 29, 0, 0, tzinfo=UTC)).isoformat()
    '2026-03-29T01:00:00+00:00'
    """
    from cronsim import CronSim

    times = CronSim(cron, after.astimezone(ZoneInfo(zone)))
    while (found := next(times).astimezone(UTC)) <= after:  # in the hour that clocks repeat it thinks it is earlier
        pass
    return found
