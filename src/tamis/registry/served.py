"""served: which version each alias named at some time, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from tamis.registry.entry import Entry
from tamis.registry.state import Decision


@dataclass(frozen=True, kw_only=True)
class Served:
    """A stretch of time in which an alias named a version."""

    model: str
    alias: str
    version: int
    since: datetime
    until: datetime | None
    """None: to this day."""
    by: str
    """promote or rollback."""
    moved: Decision
    """Who moved the alias there, and why."""
    approved: Decision | None
    """Who had allowed it, and why."""


def served(entries: Iterable[Entry], *, since: datetime, until: datetime) -> list[Served]:
    """Return what the aliases named from one moment to another, both included; the same moment twice is that moment."""
    found: list[Served] = []
    now: dict[tuple[str, str], Served] = {}
    approved: dict[tuple[str, int], Decision] = {}
    for entry in entries:
        decision = Decision(who=entry.who, at=entry.at, reason=entry.reason, facts=entry.facts)
        if entry.action == "approve":
            approved[entry.model, entry.version] = decision
        elif entry.alias is not None:
            before = now.get((entry.model, entry.alias))
            if before is not None:
                found.append(replace(before, until=entry.at))
            now[entry.model, entry.alias] = Served(
                model=entry.model,
                alias=entry.alias,
                version=entry.version,
                since=entry.at,
                until=None,
                by=entry.action,
                moved=decision,
                approved=approved.get((entry.model, entry.version)),
            )
    found += now.values()
    within = [each for each in found if each.since <= until and (each.until is None or each.until > since)]
    return sorted(within, key=lambda each: (each.model, each.alias, each.since))
