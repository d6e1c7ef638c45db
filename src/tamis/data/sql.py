"""DuckDBEngine: the SqlEngine port on this machine, read-only and shut in with the files it was given."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamis.core import DataError, UsageError
from tamis.data.sql_errors import explain

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa


_PLAN = "EXPLAIN (FORMAT json) "
# a CTE may hold these, and the statement is still called a SELECT
_WRITING = ("COPY", "INSERT", "UPDATE", "DELETE", "MERGE")


class DuckDBEngine:
    """Runs one SELECT over Parquet files, in bounded memory, with temporary files where it needs more.

    A query reaches no file, network, extension or setting but the tables it was given, and it writes nothing.

    >>> DuckDBEngine().query("select 6 * 7 as answer", {}).to_pylist()
    [{'answer': 42}]
    """

    def __init__(self, *, memory_gib: float = 2.0, threads: int = 0, temp_folder: Path | None = None) -> None:
        self.dialect = "duckdb"
        self._memory_gib, self._threads, self._temp_folder = memory_gib, threads, temp_folder

    def query(
        self, sql: str, tables: Mapping[str, Sequence[Path]], *, views: Mapping[str, str] | None = None
    ) -> pa.Table:
        """Return the rows of `sql` in memory."""
        with self.stream(sql, tables, views=views) as reader:
            return reader.read_all()

    @contextlib.contextmanager
    def stream(
        self, sql: str, tables: Mapping[str, Sequence[Path]], *, views: Mapping[str, str] | None = None
    ) -> Iterator[pa.RecordBatchReader]:
        """Yield the rows of `sql` a batch at a time, in flat memory."""
        import duckdb
        import pyarrow as pa

        views = views or {}
        shown = {name: views[name] for name in _mentioned(sql, views)}
        read = {name: tables[name] for name in _mentioned(" ".join([sql, *shown.values()]), tables)}
        with tempfile.TemporaryDirectory(prefix="tamis-sql-", dir=self._folder()) as folder:
            connection = self._connect(Path(folder), [file for files in read.values() for file in files])
            try:
                known = list(views or tables)
                _create_views(connection, read, shown)
                _check(connection, sql, known)
                try:
                    yield connection.sql(sql).to_arrow_reader(65_536)
                except (duckdb.Error, OSError, pa.ArrowException) as error:
                    if not isinstance(error, duckdb.Error) and "exception_type" not in str(error):
                        raise  # the caller's own trouble with the rows
                    raise explain(error, sql, connection, known) from None
            finally:
                connection.close()

    def _folder(self) -> Path | None:
        if self._temp_folder is not None:
            self._temp_folder.mkdir(parents=True, exist_ok=True)
        return self._temp_folder

    def _connect(self, folder: Path, files: Sequence[Path]) -> duckdb.DuckDBPyConnection:
        import duckdb

        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{self._memory_gib}GiB",
            "temp_directory": str(folder),
            "autoload_known_extensions": False,
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
            "errors_as_json": True,
        }
        if self._threads:
            settings["threads"] = self._threads
        connection = duckdb.connect(":memory:", config=settings)
        connection.execute(f"SET allowed_paths = [{', '.join(_text(str(file)) for file in files)}]")
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection


def _check(connection: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[str]) -> None:
    """Refuse what is not one SELECT, and what cannot run; planning it tells where the mistake stands."""
    import duckdb

    try:
        statements = connection.extract_statements(sql)
        kinds = [statement.type.name for statement in statements]
    except duckdb.Error as error:
        raise explain(error, sql, connection, tables) from None
    if not kinds:
        raise UsageError("the query is empty", hint='write one, as in: tamis data sql "select count(*) from reviews"')
    if len(kinds) > 1:
        raise UsageError(f"this is {len(kinds)} statements; a query is one", hint="ask them one after the other")
    if kinds == ["SELECT"]:
        try:
            plan = connection.execute(_PLAN + sql).fetchall()[0][1]
        except duckdb.Error as error:
            raise explain(error, sql, connection, tables, shift=len(_PLAN)) from None
        kinds = [name for name in _operators(json.loads(plan)) if name.startswith(_WRITING)]
        if not kinds:
            return
    raise UsageError(
        f"a query only reads (SELECT, WITH, DESCRIBE, SUMMARIZE), and this is {kinds[0].split('_')[0]}",
        hint="to keep its rows, use --csv FILE or --parquet FILE",
    )


def _operators(nodes: list[dict[str, Any]]) -> Iterator[str]:
    for node in nodes:
        yield str(node.get("name", "")).removeprefix("BATCH_")
        yield from _operators(node.get("children", []))


def _create_views(
    connection: duckdb.DuckDBPyConnection, tables: Mapping[str, Sequence[Path]], views: Mapping[str, str]
) -> None:
    import duckdb

    for name, files in tables.items():
        listed = ", ".join(_text(str(file)) for file in files)
        try:
            connection.execute(f"CREATE VIEW {_name(name)} AS SELECT * FROM read_parquet([{listed}])")
        except duckdb.Error as error:
            first = explain(error, "", connection, ()).message
            where = files[0].parent if files else name
            raise DataError(f"the files in {where} cannot be read: {first}", hint="import the source again") from None
    for name, select in views.items():
        connection.execute(f"CREATE VIEW {_name(name)} AS {select}")


def _mentioned(sql: str, names: Iterable[str]) -> list[str]:
    """The names that stand in the text: what is not named cannot be asked for, and its files need no look.

    SQL takes `Notes` and `notes` for one; of such twins the one that is written as in the text is meant.
    """
    found: dict[str, str] = {}
    for name in sorted(names, key=lambda name: name in sql):
        if name.lower() in sql.lower():
            found[name.lower()] = name
    return list(found.values())


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
