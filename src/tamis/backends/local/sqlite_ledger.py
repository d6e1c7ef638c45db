"""SqliteLedger: the Ledger port on one SQLite file, for the processes of one machine."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

_WAIT_SECONDS = 30.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS ledger (number INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS no_change BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'only ever added to'); END;
CREATE TRIGGER IF NOT EXISTS no_removal BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'only ever added to'); END;
"""


class SqliteLedger:
    """Lines in the table `ledger (number, line)`, which refuses changes and removals."""

    def __init__(self, target: str | Path) -> None:
        self._path = Path(target)

    def read(self, *, after: int = 0) -> Sequence[str]:
        """Return the lines past the first `after` ones."""
        if not self._path.exists():
            return []
        with contextlib.closing(self._open()) as connection:
            return _lines(connection, after)

    def append(self, make: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Append what `make` returns for all lines; other writers wait."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(self._open()) as connection:
            connection.execute("BEGIN IMMEDIATE")  # closing rolls back what was not committed
            there = _lines(connection, 0)
            new = enumerate(make(there), len(there) + 1)
            connection.executemany("INSERT INTO ledger (number, line) VALUES (?, ?)", list(new))
            connection.execute("COMMIT")

    def close(self) -> None:
        """Nothing stays open."""

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=_WAIT_SECONDS, isolation_level=None)
        connection.execute("PRAGMA synchronous = FULL")
        connection.executescript(_SCHEMA)
        return connection


def _lines(connection: sqlite3.Connection, after: int) -> list[str]:
    asked = connection.execute("SELECT line FROM ledger WHERE number > ? ORDER BY number", (after,))
    return [line for (line,) in asked]
