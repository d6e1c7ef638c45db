"""Entry: one line of the history, which holds the hash of the line before it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from tamis.core import DataError, fingerprint

Action = Literal["register", "approve", "reject", "promote", "rollback", "remove"]

START = "0" * 32
"""What stands where the first entry has the hash of the one before."""


class Entry(BaseModel):
    """Who did what, when and why."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    number: int
    at: datetime
    who: str
    action: Action
    model: str
    version: int
    alias: str | None = None
    """Which alias moved, in a promotion or a rollback."""
    reason: str
    facts: dict[str, Any] = {}
    """Of a registration: what the version binds. Of a judgement: what it was founded on."""
    before: str
    """The hash of the entry before."""
    hash: str = ""
    """Of all that stands above."""

    def sealed(self) -> Entry:
        """Return the entry with its hash."""
        return self.model_copy(update={"hash": self._hash()})

    @property
    def sound(self) -> bool:
        """True when it says what it said when it was written."""
        return self.hash == self._hash()

    def _hash(self) -> str:
        return fingerprint(self.model_dump(mode="json", exclude={"hash"}))


def read_entries(lines: Iterable[str]) -> list[Entry]:
    """Return the entries of a history; the chain is not checked here, see `broken_at`."""
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError as error:
            raise DataError(f"entry {number} of the registry's history cannot be read: {error}") from None
    return entries


def broken_at(entries: Sequence[Entry]) -> int | None:
    """Return the number of the first entry that was changed or has none before it; None when all are sound."""
    before = START
    for number, entry in enumerate(entries, 1):
        if entry.number != number or entry.before != before or not entry.sound:
            return number
        before = entry.hash
    return None
