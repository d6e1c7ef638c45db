"""Database: the rows of a table or a query, from SQLite, DuckDB and PostgreSQL, read-only and in flat memory."""

from __future__ import annotations

import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from tamis.core import DataError, Progress, Schema, UsageError, did_you_mean
from tamis.data.sources.columnar import plain_batch, plain_columns
from tamis.data.sources.duckdb_database import DuckDBDatabase
from tamis.data.sources.http import without_secrets
from tamis.data.sources.location import Input, locate
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.postgresql_database import PostgreSQLDatabase
from tamis.data.sources.source import Batch, Source, first_rows
from tamis.data.sources.sqlite_database import SQLiteDatabase

_HEAD_ROWS = 1000


class Database(Protocol):
    """What is asked of a database. Its errors are already in words, and never show a password."""

    @property
    def kind(self) -> str:
        """sqlite, duckdb or postgresql."""
        ...

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        ...

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Yield the rows of a query, first a table with its columns and perhaps no rows."""
        ...


def open_database(url: str, options: SourceOptions) -> Source:
    """Return the reader of `sqlite:///file.db`, `duckdb:///file.duckdb` or `postgresql://user:password@host/name`.

    Three slashes lead to a file from here, four to one from the root.
    """
    scheme, _, rest = url.partition(":")
    if scheme in ("postgresql", "postgres"):
        return _source(PostgreSQLDatabase(url), options, uri=without_secrets(url))
    name = urllib.parse.unquote(rest.removeprefix("//").removeprefix("/") if rest.startswith("//") else rest)
    if not name:
        raise UsageError(f"{url} names no file", hint=f"an address reads {scheme}:///folder/file.db")
    path = locate(name)[0].path
    if path is None:
        raise DataError(f"{name} is packed", hint="unpack the database first")
    return _source(_OF_FILE[scheme](path), options, uri=f"{scheme}:{path}")


def read_sqlite(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of one SQLite file."""
    return _of_input(inputs, options, "sqlite")


def read_duckdb(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of one DuckDB file."""
    return _of_input(inputs, options, "duckdb")


_OF_FILE: dict[str, Callable[[Path], Database]] = {"sqlite": SQLiteDatabase, "duckdb": DuckDBDatabase}


def _of_input(inputs: list[Input], options: SourceOptions, kind: str) -> Source:
    if len(inputs) > 1:
        raise UsageError(f"one database at a time; these are {len(inputs)}: {inputs[0].uri}, {inputs[1].uri}…")
    if inputs[0].path is None:
        raise DataError(f"{inputs[0].uri} is packed or elsewhere", hint="bring the database to this machine, unpacked")
    return _source(_OF_FILE[kind](inputs[0].path), options, uri=inputs[0].uri)


def _source(database: Database, options: SourceOptions, *, uri: str) -> Source:
    return DatabaseSource(database, _sql(database, options, uri), options, uri, database.kind)


@dataclass
class DatabaseSource:
    """The rows of one query."""

    database: Database
    sql: str
    told: SourceOptions
    uri: str
    kind: str

    @property
    def schema(self) -> Schema | None:
        """A database says nothing of roles."""
        return None

    @property
    def options(self) -> Mapping[str, Any]:
        """The query."""
        return {"query": self.sql}

    def head(self) -> pa.Table:
        """Return the first rows."""
        return first_rows(self, self._columns)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield the rows in the order in which the database gives them."""
        row = 1
        with progress.track(f"reading {self.uri}", total=None, unit="rows") as advance:
            for table in self.database.batches(self.sql):
                yield plain_batch(table, self._columns, name=self.uri, first=row)
                row += len(table)
                advance(len(table))

    @cached_property
    def _columns(self) -> pa.Schema:
        batches = self.database.batches(self.sql)
        tables = [next(batches)]
        if not len(tables[0]):
            tables += [table for table in [next(batches, None)] if table is not None]
        columns = plain_columns(tables[0].schema, tables[-1].slice(0, _HEAD_ROWS))
        if not columns.names:
            raise UsageError(f"this query returns no rows: {self.sql}", hint="give a SELECT")
        return columns


def _sql(database: Database, options: SourceOptions, uri: str) -> str:
    if options.query and options.table:
        raise UsageError("--query and --table exclude each other", hint="--table reads a whole table")
    if options.query:
        return options.query.strip().rstrip(";").rstrip()
    known = database.tables()
    listed = f"Tables: {', '.join(known[:30])}." if known else "It has none."
    if options.table is None:
        if len(known) != 1:
            raise UsageError(
                f"which table of {uri}? {listed}", hint='name one with --table, or ask with --query "select …"'
            )
        return f"SELECT * FROM {_quoted(known[0])}"
    if options.table not in known:
        raise UsageError(f"no table {options.table!r} in {uri}. {listed}{did_you_mean(options.table, known)}")
    return f"SELECT * FROM {_quoted(options.table)}"


def _quoted(table: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in table.split("."))
