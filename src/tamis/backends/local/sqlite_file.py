"""SQLite files: whose one is, and what its errors mean to a user."""

from __future__ import annotations

import errno
import sqlite3
from pathlib import Path

from tamis.core import DataError


def is_marked(connection: sqlite3.Connection, path: Path, mark: int, what: str) -> bool:
    """Return whether a file bears a mark (SQLite's application_id) already; DataError when it is something else.

    It takes a transaction that was begun: mark and tables are of one moment, for another process may be making the
    file just now.
    """
    (found,) = connection.execute("PRAGMA application_id").fetchone()
    (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if found != mark and tables:
        raise DataError(f"{path} is a database of something else, not {what}", hint="name another file")
    return bool(found == mark)


def explained(error: sqlite3.Error, path: Path, what: str, *, waited_seconds: float) -> Exception:
    """Return what is wrong: DataError when the file is not what it should be, OSError when it cannot be had now."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return DataError(
            f"{path} is damaged or no SQLite file: {error}",
            hint="move it away, with its -wal and -shm; what is whole in it can be had with `sqlite3 FILE .recover`",
        )
    if code == sqlite3.SQLITE_FULL:
        return OSError(errno.ENOSPC, f"no space left for {what}", str(path))
    if code == sqlite3.SQLITE_BUSY:
        return OSError(errno.EAGAIN, f"another process kept it locked for {waited_seconds:g} s", str(path))
    if code == sqlite3.SQLITE_READONLY:
        return OSError(errno.EROFS, "it cannot be written here", str(path))
    return OSError(errno.EIO, str(error), str(path))
