"""Watch: looks again and again whether the history has grown, and reads no more of it than that."""

from __future__ import annotations

from tamis.core import DataError
from tamis.registry.entry import Entry, broken_at, read_entries
from tamis.registry.registry import Registry
from tamis.registry.state import State, state_of


class Watch:
    """What the history says, each time somebody looks. A look at a history that has not grown reads one line."""

    def __init__(self, registry: Registry) -> None:
        self._ledger = registry.ledger
        self._lines: list[str] = []
        self._entries: list[Entry] = []
        self._state = State()

    def look(self) -> State:
        """Return the state that the history is in; DataError when somebody changed what it said before."""
        known = max(len(self._lines) - 1, 0)
        new = list(self._ledger.read(after=known))
        if new == self._lines[known:]:
            return self._state
        if new[:1] != self._lines[known:]:  # it is another history now: that of a backup, for example
            known, new = 0, list(self._ledger.read())
        lines = self._lines[:known] + new
        if broken := broken_at(lines):
            raise DataError(f"the registry's history was changed at entry {broken}", hint="tamis models verify")
        entries = self._entries[:known] + read_entries(new)
        self._state = state_of(entries)
        self._lines, self._entries = lines, entries
        return self._state

    def close(self) -> None:
        """Let go of what the ledger holds open."""
        self._ledger.close()
