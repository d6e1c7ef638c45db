"""SqliteLedger: the Ledger port on one SQLite file, for the processes of one machine."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from tamis.backends.local.sqlite_file import explained, is_marked

_APPLICATION = 0x7A4D1502
"""SQLite's own mark of whose file it is; `file` shows it too."""
_WHAT = "a history"
_WAIT_SECONDS = 30.0
"""How long others may hold the file: many may be appending at once."""
_SCHEMA = (
    f"PRAGMA application_id = {_APPLICATION}",
    "CREATE TABLE ledger (number INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TRIGGER no_change BEFORE UPDATE ON ledger BEGIN SELECT RAISE(ABORT, 'only ever added to'); END",
    "CREATE TRIGGER no_removal BEFORE DELETE ON ledger BEGIN SELECT RAISE(ABORT, 'only ever added to'); END",
)


class SqliteLedger:
    """Lines in the table `ledger (number, line)`, which refuses changes and removals.

    One `append` is one transaction, and the file is opened for it anew. It has a rollback journal and no write-ahead
    log: so it stays one file, which can be copied as it is and read in a folder where nothing can be written.
    """

    def __init__(self, target: str | Path) -> None:
        self._path = Path(target)

    def read(self, *, after: int = 0) -> Sequence[str]:
        """Return the lines past the first `after` ones."""
        if not self._path.exists():
            return []
        with self._open("rw") as connection:  # where it cannot be written to SQLite opens it to read
            connection.execute("BEGIN")
            return _lines(connection, after) if self._is_mine(connection) else []

    def append(self, make: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Append what `make` returns for all lines; other writers wait."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._open("rwc") as connection:
            connection.execute("PRAGMA synchronous = EXTRA")  # the end of the journal survives a power cut, too
            connection.execute("BEGIN IMMEDIATE")  # closing rolls back what was not committed
            if not self._is_mine(connection):
                for statement in _SCHEMA:
                    connection.execute(statement)
            new = make(_lines(connection, 0))
            connection.executemany("INSERT INTO ledger (line) VALUES (?)", [(line,) for line in new])
            connection.execute("COMMIT")

    def close(self) -> None:
        """Nothing stays open."""

    @contextlib.contextmanager
    def _open(self, mode: str) -> Iterator[sqlite3.Connection]:
        try:
            uri = f"{self._path.absolute().as_uri()}?mode={mode}"
            connection = sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, isolation_level=None)
            with contextlib.closing(connection):
                yield connection
        except sqlite3.Error as error:
            raise explained(error, self._path, _WHAT, waited_seconds=_WAIT_SECONDS) from error

    def _is_mine(self, connection: sqlite3.Connection) -> bool:
        return is_marked(connection, self._path, _APPLICATION, _WHAT)


def _lines(connection: sqlite3.Connection, after: int) -> list[str]:
    asked = connection.execute("SELECT line FROM ledger WHERE number > ? ORDER BY number", (after,))
    return [line for (line,) in asked]
