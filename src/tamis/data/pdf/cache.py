"""ReadingCache: what PDFs said, kept by the hash of their bytes, so that no file is read twice."""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import time
import zlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from tamis.core import fingerprint, fingerprint_file
from tamis.data.pdf.document import READING_VERSION, Document
from tamis.data.pdf.failure import Failure

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_TABLES = (
    "create table if not exists readings (key text primary key, sum integer, content text) without rowid",
    "create table if not exists files (path blob primary key, state text, hash text) without rowid",
)
_SETTLED_NS = 2_000_000_000  # a file younger than this may change again within one tick of the clock
_COMMIT_EVERY = 64


class ReadingCache:
    """Readings by content hash, reading version and options, in one SQLite file that may be deleted at any time.

    Failures that the same bytes will repeat are kept under their name; a crash or a full disk is not. A damaged entry
    counts as none, and so does a damaged file. Without a folder nothing is kept.
    """

    def __init__(self, folder: Path | None) -> None:
        self._path = None if folder is None else folder / "pdf.sqlite"
        self._database: sqlite3.Connection | None = None
        self._unsaved = 0

    def __enter__(self) -> Self:
        if self._path is not None:
            self._database = self._attempt(self._connect)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):
                self._database.commit()
            if self._database is not None:
                self._database.close()
            self._database = None

    def key(self, path: Path, options: Any) -> str | None:
        """Return the name of a file's reading; None when nothing is kept anyway."""
        if self._database is None:
            return None
        content = self._content_hash(path)
        return None if content is None else fingerprint([content, READING_VERSION, options])

    def get(self, key: str | None) -> Document | Failure | None:
        """Return the reading of that name, or None."""
        row = self._query("select sum, content from readings where key = ?", key) if key else None
        if row is None or not isinstance(row[1], str) or zlib.crc32(row[1].encode("utf-8", "surrogatepass")) != row[0]:
            return None
        try:
            values = json.loads(row[1])
            return Failure(**values) if "reason" in values else Document(**values)
        except (ValueError, TypeError):
            return None

    def put(self, key: str | None, reading: Document | Failure) -> None:
        """Keep a reading, unless it is a mishap that need not happen again."""
        if key is None or (isinstance(reading, Failure) and not reading.lasting):
            return
        content = json.dumps(asdict(reading), ensure_ascii=False)
        self._write(
            "insert or replace into readings values (?, ?, ?)",
            (key, zlib.crc32(content.encode("utf-8", "surrogatepass")), content),
        )

    def _content_hash(self, path: Path) -> str | None:
        """The hash of a file's bytes, taken from before when the file has not been touched since."""
        try:
            stat = path.stat()
            state = f"{stat.st_size} {stat.st_mtime_ns} {stat.st_ctime_ns} {stat.st_ino}"
            name = str(path.absolute()).encode("utf-8", "surrogateescape")
            known = self._query("select state, hash from files where path = ?", name)
            if known is not None and known[0] == state:
                return str(known[1])
            content = fingerprint_file(path)
        except OSError:
            return None
        if time.time_ns() - max(stat.st_mtime_ns, stat.st_ctime_ns) > _SETTLED_NS:
            self._write("insert or replace into files values (?, ?, ?)", (name, state, content))
        return content

    def _connect(self) -> sqlite3.Connection:
        assert self._path is not None
        self._path.parent.mkdir(parents=True, exist_ok=True)
        database = sqlite3.connect(self._path, timeout=2.0)
        try:
            # a cache need not survive a power cut: each entry has a checksum
            database.execute("pragma synchronous = off")
            for table in _TABLES:
                database.execute(table)
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _query(self, sql: str, value: object) -> tuple[Any, ...] | None:
        def ask() -> tuple[Any, ...] | None:
            assert self._database is not None
            row: tuple[Any, ...] | None = self._database.execute(sql, (value,)).fetchone()
            return row

        return self._attempt(ask) if self._database is not None else None

    def _write(self, sql: str, values: tuple[object, ...]) -> None:
        def store() -> None:
            assert self._database is not None
            self._database.execute(sql, values)
            self._unsaved += 1
            if self._unsaved >= _COMMIT_EVERY:
                self._database.commit()
                self._unsaved = 0

        if self._database is not None:
            self._attempt(store)

    def _attempt(self, work: Callable[[], T]) -> T | None:
        """Do it, or do without the cache: a broken one is thrown away, a busy or read-only one is left alone."""
        try:
            return work()
        except sqlite3.OperationalError as error:
            _LOG.info("reading PDFs without their cache: %s", error)
        except (sqlite3.DatabaseError, OSError) as error:
            _LOG.info("the cache of PDFs is damaged and begins anew: %s", error)
            if self._path is not None and isinstance(error, sqlite3.DatabaseError):
                self._path.unlink(missing_ok=True)
        if self._database is not None:
            self._database.close()
            self._database = None
        return None
