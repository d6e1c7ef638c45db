"""SqliteEvents: the EventLog port on one SQLite file, for the servers of one machine."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from tamis.backends.local.event_json import to_json
from tamis.backends.local.sqlite_file import explained, is_marked

_APPLICATION = 0x7A4D1501
"""SQLite's own mark of whose file it is; `file` shows it too."""
_WHAT = "a log of events"
_WAIT_SECONDS = 10.0
"""How long another process may hold the file."""
_CACHE_KIB = 256
"""Who only appends looks at few pages again; SQLite's own 2 MB would fill up over the first hours."""
_PAGE_ROWS = 1000
_TABLE = "CREATE TABLE IF NOT EXISTS events (number INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL)"


class SqliteEvents:
    """Events as JSON in the table `events (number, event)`; several processes may append and read at once.

    One `append` is one transaction of the write-ahead log, which belongs to the system when it returns; `sync` has the
    system write it to the disk. After an error the file is opened anew, so that a full disk or a file that was locked
    is no matter once that is over.
    """

    def __init__(self, target: str | Path) -> None:
        self._path = Path(target)
        self._writer: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def append(self, events: Sequence[Mapping[str, object]]) -> None:
        """Store events in one transaction; OSError when they cannot be stored now."""
        rows = [(to_json(event),) for event in events]
        with self._lock:
            try:
                if not self._path.exists():  # moved away or removed: what is written there now nobody would find
                    self._let_go()
                if self._writer is None:
                    self._writer = self._open()
                if rows:
                    self._writer.execute("BEGIN IMMEDIATE")
                    self._writer.executemany("INSERT INTO events (event) VALUES (?)", rows)
                    self._writer.execute("COMMIT")
            except sqlite3.Error as error:
                self._let_go()
                raise explained(error, self._path, _WHAT, waited_seconds=_WAIT_SECONDS) from error

    def sync(self) -> None:
        """Have the write-ahead log on the disk; SQLite itself syncs what it takes from there into the file."""
        with self._lock, contextlib.suppress(FileNotFoundError):
            handle = os.open(self._path.with_name(f"{self._path.name}-wal"), os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def read(self, *, after: int = 0) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Yield (number, event) in order; what is appended meanwhile is read too."""
        if not self._path.exists():
            return
        try:
            with contextlib.closing(_connect(f"{self._path.absolute().as_uri()}?mode=ro")) as reader:
                self._check(reader)
                # page by page: one long read would keep the log from being written back into the file
                page = "SELECT number, event FROM events WHERE number > ? ORDER BY number LIMIT ?"
                while rows := reader.execute(page, (after, _PAGE_ROWS)).fetchall():
                    for number, event in rows:
                        yield number, json.loads(event)
                    after = rows[-1][0]
        except sqlite3.Error as error:
            raise explained(error, self._path, _WHAT, waited_seconds=_WAIT_SECONDS) from error

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._let_go()

    def _open(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        connection = _connect(self._path.absolute().as_uri())
        try:
            self._check(connection)
            _turn_to_wal(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(_TABLE)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN")
        is_marked(connection, self._path, _APPLICATION, _WHAT)
        connection.execute("COMMIT")

    def _let_go(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            with contextlib.suppress(sqlite3.Error):  # what was under way is rolled back
                writer.close()


def _connect(uri: str) -> sqlite3.Connection:
    # a lock keeps the threads apart
    return sqlite3.connect(uri, uri=True, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)


def _turn_to_wal(connection: sqlite3.Connection) -> None:
    """Switch the file to the write-ahead log; SQLite itself does not wait here for one who is switching it just now."""
    until = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
        time.sleep(0.005)
