"""Made: what steps made before, by key, shared by all runs of a workspace."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tamis.core import DataError, TamisError
from tamis.pipeline.keys import StepKey
from tamis.pipeline.room import no_room

MADE = "made.db"
_FORMAT = 1
_PATIENCE_SECONDS = 30.0
_TABLE = """
CREATE TABLE IF NOT EXISTS made (
  key TEXT PRIMARY KEY, step TEXT NOT NULL, run TEXT NOT NULL, at TEXT NOT NULL, number INTEGER NOT NULL,
  seconds REAL NOT NULL, parts TEXT NOT NULL, outputs TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS made_by_step ON made (step, number);
"""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What a step made, and from what."""

    key: StepKey
    step: str
    run: str
    at: datetime
    seconds: float
    outputs: Mapping[str, Any]
    """As JSON has them."""


class Made:
    """A small database in the workspace. It may be deleted at any time: then every step runs anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None

    def by_key(self, key: str) -> Entry | None:
        """Return what was made under a key."""
        return self._one("SELECT * FROM made WHERE key = ?", key)

    def last_of(self, step: str) -> Entry | None:
        """Return what a step made last, under whatever key."""
        return self._one("SELECT * FROM made WHERE step = ? ORDER BY number DESC LIMIT 1", step)

    def all_of(self, step: str) -> list[Entry]:
        """Return all that a step made, what it made last first."""
        if not self.path.exists():
            return []
        with self._database() as database:
            rows = database.execute("SELECT * FROM made WHERE step = ? ORDER BY number DESC", (step,))
            return [_entry(row) for row in rows]

    def keep(self, entry: Entry) -> None:
        """Write down what a step made; what stood under the same key is replaced."""
        values = (
            *(entry.key.fingerprint, entry.step, entry.run, entry.at.isoformat(), entry.seconds),
            *(json.dumps(entry.key.parts, ensure_ascii=False), json.dumps(entry.outputs, ensure_ascii=False)),
        )
        with self._database() as database:
            database.execute(
                "INSERT OR REPLACE INTO made (key, step, run, at, seconds, parts, outputs, number) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM made))",
                values,
            )

    def entries(self) -> list[Entry]:
        """Return everything, oldest first."""
        if not self.path.exists():
            return []
        with self._database() as database:
            return [_entry(row) for row in database.execute("SELECT * FROM made ORDER BY number")]

    def forget(self, keys: Collection[str]) -> None:
        """Remove entries; what they name on the disk stays."""
        if not keys:
            return
        with self._database() as database:
            database.executemany("DELETE FROM made WHERE key = ?", [(key,) for key in keys])

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    def _one(self, query: str, value: str) -> Entry | None:
        if not self.path.exists():  # to look is no reason to make one
            return None
        with self._database() as database:
            row = database.execute(query, (value,)).fetchone()
        return None if row is None else _entry(row)

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        """Yield the database in a transaction; several threads take turns."""
        with self._lock:
            try:
                with self._connected() as database:
                    yield database
            except sqlite3.DatabaseError as error:
                raise self._told(error) from None

    def _told(self, error: sqlite3.DatabaseError) -> TamisError:
        """What is wrong, and what to do."""
        match error.sqlite_errorcode & 0xFF:
            case sqlite3.SQLITE_FULL | sqlite3.SQLITE_IOERR:
                return no_room(self.path)
            case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:
                return DataError(f"{self.path} is damaged: {error}", hint="delete it: then every step runs anew")
            case _:
                return TamisError(f"{self.path} cannot be had now: {error}", hint="who may write it, and who holds it?")

    def _connected(self) -> sqlite3.Connection:
        if self._open is not None:
            return self._open
        self.path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self.path, timeout=_PATIENCE_SECONDS, check_same_thread=False)
        try:
            database.row_factory = sqlite3.Row
            # a power cut may take the last entries away, which costs time and nothing else: no waiting for the disk
            _turn_to_wal(database)
            database.execute("PRAGMA synchronous = NORMAL")
            (version,) = database.execute("PRAGMA user_version").fetchone()
            if version > _FORMAT:
                raise DataError(
                    f"{self.path} has format {version}; this Tamis reads format {_FORMAT}",
                    hint="a newer Tamis made it: pip install --upgrade tamis",
                )
            if version < _FORMAT:
                database.executescript(_TABLE)
                database.execute(f"PRAGMA user_version = {_FORMAT}")
        except BaseException:
            database.close()
            raise
        self._open = database
        return database


def _turn_to_wal(database: sqlite3.Connection) -> None:
    """Switch to the write-ahead log; SQLite itself does not wait here for one who is switching it just now."""
    until = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            database.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.005)


def _entry(row: sqlite3.Row) -> Entry:
    return Entry(
        key=StepKey(row["key"], json.loads(row["parts"])),
        step=row["step"],
        run=row["run"],
        at=datetime.fromisoformat(row["at"]),
        seconds=row["seconds"],
        outputs=json.loads(row["outputs"]),
    )
