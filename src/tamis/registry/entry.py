"""Entry: one line of the history, which holds the hash of the line before it."""

from __future__ import annotations

import json
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
    """Of all that stands above, as the line says it."""

    def sealed(self) -> Entry:
        """Return the entry with its hash."""
        return self.model_copy(update={"hash": _hash(json.loads(self.line))})

    @property
    def line(self) -> str:
        """The entry as the history holds it."""
        return self.model_dump_json()


def read_entries(lines: Iterable[str]) -> list[Entry]:
    """Return the entries of a history; the chain is not checked here, see `broken_at`."""
    entries = []
    for number, line in enumerate(lines, 1):
        try:
            entries.append(Entry.model_validate_json(line))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(
                f"entry {number} of the registry's history cannot be read: {place or 'the whole'}: {first['msg']}",
                hint="a newer Tamis wrote it (pip install --upgrade tamis), or somebody changed it by hand",
            ) from None
    return entries


def broken_at(lines: Sequence[str]) -> int | None:
    """Return the number of the first entry that was changed or has none before it; None when all are sound."""
    before = START
    for number, line in enumerate(lines, 1):
        try:
            said = json.loads(line)
            sound = said["number"] == number and said["before"] == before and said["hash"] == _hash(said)
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            return number
        before = said["hash"]
    return None


def _hash(said: dict[str, Any]) -> str:
    """The hash of what a line says, which stays the same when a later Tamis knows more fields."""
    return fingerprint({key: value for key, value in said.items() if key != "hash"})
