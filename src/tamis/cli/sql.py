"""`tamis data sql`: questions to all datasets of the workspace."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import Workspace

_CELL = 200  # characters of a text that are shown on the screen, at most
_SHORTEST = 12  # and at least


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("sql")(ask)


def ask(
    query: Annotated[
        str | None, typer.Argument(help="One SELECT over datasets by name; `-` reads it from standard input.")
    ] = None,
    csv: Annotated[
        str | None, typer.Option("--csv", help="Write all rows as CSV to this file; `-` prints them.")
    ] = None,
    parquet: Annotated[Path | None, typer.Option("--parquet", help="Write all rows to this Parquet file.")] = None,
    rows: Annotated[int, typer.Option("--rows", min=0, help="Rows to show on the screen; 0 shows all.")] = 40,
    dialect: Annotated[
        str, typer.Option("--dialect", help="What the query is written in: presto, spark, bigquery…")
    ] = "duckdb",
    to: Annotated[
        str | None,
        typer.Option("--to", help="Run nothing; print the query as this dialect writes it: presto, athena, spark…"),
    ] = None,
    saved: Annotated[str | None, typer.Option("--saved", help="Ask a saved query (see --list).")] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="The dataset a saved query is about: reviews, reviews@2.")
    ] = None,
    param: Annotated[
        list[str] | None, typer.Option("--param", help="A value of a saved query, as in n=20; may be repeated.")
    ] = None,
    list_saved: Annotated[bool, typer.Option("--list", help="List the saved queries.")] = False,
    save: Annotated[str | None, typer.Option("--save", help="Keep the query under this name in queries/.")] = None,
    about: Annotated[str, typer.Option("--about", help="With --save: the question that the query answers.")] = "",
    tables: Annotated[bool, typer.Option("--tables", help="List the tables, columns and partitions.")] = False,
    as_json: output.Json = False,
) -> None:
    """Ask all datasets of the workspace in SQL. A dataset is a table, `"reviews@1"` an older version of it.

    Example: tamis data sql "select label, count(*) from reviews group by label"
    """
    from tamis.core import UsageError
    from tamis.data import save_query, translate

    workspace = output.workspace()
    if tables:
        _show_tables(workspace, as_json=as_json)
        return
    if list_saved:
        _show_saved(workspace, as_json=as_json)
        return
    if (query is None) == (saved is None):
        raise UsageError("one question is needed: a query, or --saved NAME", hint="`--list` shows the saved ones")
    if saved is None and (on or param):
        raise UsageError("--on and --param belong to --saved NAME")
    if query == "-":
        query = sys.stdin.read()
    sql = query if query is not None else _saved_sql(workspace, str(saved), on=on, param=param or [])
    if saved is not None and dialect != "duckdb":
        raise UsageError("a saved query is in DuckDB's SQL; --dialect is about a query you write here")
    if save is not None:
        kept = sql if dialect == "duckdb" else translate(sql, read=dialect, pretty=True)
        print(f"saved as {save}: {save_query(workspace, save, kept, about=about)}")
    elif to is not None:
        print(translate(sql, read=dialect, write=to, pretty=True))
    else:
        _answer(workspace, sql, dialect=dialect, csv=csv, parquet=parquet, rows=rows, as_json=as_json)


def _saved_sql(workspace: Workspace, name: str, *, on: str | None, param: list[str]) -> str:
    import yaml

    from tamis.core import UsageError
    from tamis.data import bind_query, saved_query

    values: dict[str, Any] = {}
    for word in param:
        key, equals, value = word.partition("=")
        if not equals:
            raise UsageError(f"--param reads name=value, not {word!r}")
        try:
            values[key] = yaml.safe_load(value)
        except yaml.YAMLError:
            values[key] = value
    return bind_query(saved_query(name, workspace), workspace, dataset=on, values=values)


def _answer(
    workspace: Workspace,
    sql: str,
    *,
    dialect: str,
    csv: str | None,
    parquet: Path | None,
    rows: int,
    as_json: bool,
) -> None:
    from tamis.core import UsageError, atomic_file
    from tamis.data import stream_query, write_csv, write_parquet

    if csv and parquet:
        raise UsageError("one of --csv and --parquet; ask twice for both")
    with stream_query(workspace, sql, dialect=dialect) as reader:
        if csv == "-":
            write_csv(reader, _Printed())
        elif csv:
            with atomic_file(Path(csv)) as file:
                written = write_csv(reader, file)
            print(f"{written:,} rows in {csv}", file=sys.stderr)
        elif parquet:
            print(f"{write_parquet(reader, parquet):,} rows in {parquet}", file=sys.stderr)
        elif as_json:
            output.print_json([_numbers(row) for row in reader.read_all().to_pylist()])
        else:
            _show(reader, rows)


def _show(reader: Any, limit: int) -> None:
    shown: list[list[object]] = []
    more = 0
    for batch in reader:
        take = batch if not limit else batch.slice(0, max(0, limit - len(shown)))
        columns = [column.to_pylist() for column in take.columns]
        shown.extend([_plain(value) for value in row] for row in zip(*columns, strict=True))
        more += batch.num_rows - take.num_rows
    names = list(reader.schema.names)
    if _too_wide(names):
        for number, row in enumerate(shown, 1):
            cells = [_plain(value) for value in row]
            output.print_table(
                ["column", "value"], list(zip(names, cells, strict=True)), title=f"row {number}", plain=True
            )
    else:
        output.print_table(names, _fit(names, shown), plain=True)
    if more:
        print(f"{more:,} more rows; `--rows 0` shows all, `--csv FILE` writes them")
    elif not shown:
        print("no rows")


def _plain(value: object) -> object:
    """A value as one line; SQL's wide sums are numbers like others."""
    from decimal import Decimal

    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if value is None or isinstance(value, (int, float)):
        return value
    return " ".join(str(value)[:_CELL].split()) + ("…" if len(str(value)) > _CELL else "")


def _numbers(row: dict[str, Any]) -> dict[str, Any]:
    from decimal import Decimal

    return {name: _plain(value) if isinstance(value, Decimal) else value for name, value in row.items()}


def _too_wide(names: list[str]) -> bool:
    """True when not even short cells would stand side by side."""
    from rich.console import Console

    return len(names) * (_SHORTEST + 3) > Console().width + 5 * _SHORTEST


def _fit(names: list[str], rows: list[list[object]]) -> list[list[object]]:
    """Cut the longest texts so that a row is a line of the screen, where that is possible."""
    from rich.console import Console

    width = [max([len(name), *(len(str(row[place])) for row in rows)]) for place, name in enumerate(names)]
    room = Console().width - 3 * len(names)
    while sum(width) > room and max(width, default=0) > _SHORTEST:
        width[width.index(max(width))] -= 1
    return [
        [
            value if not isinstance(value, str) or len(value) <= most else f"{value[: most - 1]}…"
            for value, most in zip(row, width, strict=True)
        ]
        for row in rows
    ]


def _show_tables(workspace: Workspace, *, as_json: bool) -> None:
    from tamis.data import read_catalog

    tables = read_catalog(workspace).tables.values()
    if as_json:
        output.print_json([table.to_dict() for table in tables])
        return
    newest = {table.dataset for table in tables if "@" not in table.name}
    output.print_table(
        ["table", "is", "rows", "columns", "partitions"],
        [
            [
                table.name,
                table.dataset,
                table.rows,
                ", ".join(table.columns),
                ", ".join(f"{part.name} {part.rows:,}" for part in table.partitions if part.kind == "split")
                or f"{sum(part.kind == 'file' for part in table.partitions) or 1} file(s)",
            ]
            for table in tables
            if not ("@" in table.name and table.dataset in newest)  # the same once more
        ],
        title="database main",
    )
    print('Any version is a table too, as in "reviews@1". Types: tamis data sql "describe reviews"')


def _show_saved(workspace: Workspace, *, as_json: bool) -> None:
    from tamis.data import saved_queries

    found = saved_queries(workspace).values()
    if as_json:
        output.print_json(
            [
                {
                    "name": query.name,
                    "about": query.about,
                    "needs": list(query.needs),
                    "parameters": {parameter.name: parameter.default for parameter in query.parameters},
                    "own": query.own,
                    "sql": query.sql,
                }
                for query in found
            ]
        )
        return
    output.print_table(
        ["saved query", "parameters", "what it answers"],
        [
            [
                query.name,
                ", ".join(f"{parameter.name}={parameter.default}" for parameter in query.parameters),
                query.about + (" (yours)" if query.own else ""),
            ]
            for query in found
        ],
    )


class _Printed(io.RawIOBase):
    """Standard output for those who write bytes."""

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        sys.stdout.write(bytes(data).decode())
        return len(data)
