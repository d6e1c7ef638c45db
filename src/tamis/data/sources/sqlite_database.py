"""SQLiteDatabase: queries over a SQLite file, through Python's own driver.

A column of SQLite may hold any type in any row. Drivers that guess it from the first rows fail on later ones, so the
types of the whole answer are asked for first.
"""

from __future__ import annotations

import contextlib
import sqlite3
import urllib.parse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tamis.core import DataError, UsageError

_BATCH_ROWS = 16_384


@dataclass(frozen=True)
class SQLiteDatabase:
    """A file, opened read-only for each question."""

    path: Path
    kind: str = "sqlite"

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        sql = (
            "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY name"
        )
        with self._connected() as connection:
            return [name.decode() for (name,) in connection.execute(sql)]

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Yield the rows of a query, first a table without rows."""
        with self._connected() as connection:
            cursor = connection.execute(sql)
            names = [column[0] for column in cursor.description or ()]
            kinds = _types(connection, sql, names) if names else []
            schema = pa.schema(list(zip(names, kinds, strict=True)))
            yield schema.empty_table()
            while rows := cursor.fetchmany(_BATCH_ROWS):
                columns = [_array(values, kind) for values, kind in zip(zip(*rows, strict=True), kinds, strict=True)]
                yield pa.table(columns, schema=schema)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        address = f"file:{urllib.parse.quote(str(self.path.absolute()))}?mode=ro"
        try:
            with contextlib.closing(sqlite3.connect(address, uri=True)) as connection:
                connection.text_factory = bytes  # what is no UTF-8 is found later, row by row
                yield connection
        except sqlite3.OperationalError as error:
            if str(error).startswith(("unable to open", "disk I/O", "database is locked")):
                raise DataError(
                    f"{self.path}: {error}", hint="is another program writing it, may you read it?"
                ) from None
            if "readonly" in str(error):
                raise UsageError(f"the database is only read: {error}", hint="give a SELECT") from None
            raise UsageError(f"SQLite refuses the query: {error}{self._known(str(error))}") from None
        except sqlite3.DatabaseError as error:
            raise DataError(f"{self.path}: {error}", hint="is this a SQLite file, and whole?") from None

    def _known(self, problem: str) -> str:
        return f". Tables: {', '.join(self.tables()[:30])}" if problem.startswith("no such table") else ""


def _types(connection: sqlite3.Connection, sql: str, names: list[str]) -> list[pa.DataType]:
    """The type of each column that holds all its values."""
    # named anew, since the columns of a query may have equal names
    aliases = [f"c{number}" for number in range(len(names))]
    asked = ", ".join(f"group_concat(DISTINCT typeof({alias}))" for alias in aliases)
    found = connection.execute(f"WITH answer({', '.join(aliases)}) AS ({sql}) SELECT {asked} FROM answer").fetchone()
    return [_type(set((kinds or b"").decode().split(","))) for kinds in found]


def _type(kinds: set[str]) -> pa.DataType:
    kinds -= {"null", ""}
    if kinds == {"integer"}:
        return pa.int64()
    if kinds and kinds <= {"integer", "real"}:
        return pa.float64()
    return pa.binary() if kinds else pa.string()


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    if not pa.types.is_binary(kind):
        return pa.array(values, kind)
    return pa.array(
        [value if value is None or isinstance(value, bytes) else str(value).encode() for value in values], kind
    )
