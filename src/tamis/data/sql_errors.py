"""Says in one message what is wrong with a query: where, what was expected, and the nearest name there is."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tamis.core import DataError, TamisError, UsageError, did_you_mean

if TYPE_CHECKING:
    import duckdb

_QUALIFIED = re.compile(r'does not have a column named "(.+)"')
_SHOWN = 30  # more names than this are no help


def explain(
    error: Exception, sql: str, connection: duckdb.DuckDBPyConnection, tables: Sequence[str], *, shift: int = 0
) -> TamisError:
    """Return the error to raise for what DuckDB said of `sql`, in which `tables` could be named.

    `shift` is how many bytes stood before `sql` in what DuckDB was given.
    """
    details = _details(error)
    what = str(details.get("exception_message", error)).strip()
    subtype, kind = details.get("error_subtype"), str(details.get("exception_type", type(error).__name__))
    name = str(details.get("name", ""))
    where, pointer = _place(details, sql, shift=shift)
    if kind == "Catalog" and details.get("type") == "Table":
        known = f"Tables: {_listed(tables)}." if tables else "There are no datasets yet: `tamis data import SOURCE`."
        return UsageError(f"no table {name!r}{where}. {known}{did_you_mean(name, tables)}", hint=pointer)
    inner = _QUALIFIED.search(what)  # `a.tx`: DuckDB calls the table a list of values
    if inner or (subtype == "COLUMN_NOT_FOUND" and name):
        name = inner.group(1) if inner else name
        columns = _columns(connection, sql, tables)
        return UsageError(
            f"no column {name!r}{where}. Columns: {_listed(columns)}.{did_you_mean(name, columns)}", hint=pointer
        )
    if kind == "Catalog" and "Function" in str(details.get("type")):
        nearest = str(details.get("candidates", "")).split(",")[0]
        near = f" Did you mean {nearest!r}?" if did_you_mean(name, [nearest]) else ""
        return UsageError(f"no function {name!r}{where}.{near}", hint=pointer)
    if kind == "Binder" and ("explicit" in what):
        return UsageError(
            f"{_one_line(what)}{where}; a cast says what is meant: try_cast(column as double)", hint=pointer
        )
    if kind == "Permission":
        return UsageError(
            f"a query reads datasets, and no other file, address or extension{where}",
            hint=pointer or "import the file first: tamis data import FILE --name NAME",
        )
    if kind in ("Conversion", "Out of Range"):
        return DataError(f"{_one_line(what)}{where}", hint=pointer or "try_cast(x as …) gives NULL where a cast fails")
    if kind == "Out of Memory":
        return TamisError(
            f"the query needs more memory than it may take: {_one_line(what)}",
            hint="give it more, as in: data.sql_memory_gib=4",
        )
    return UsageError(f"{_one_line(what)}{where}", hint=pointer)


def _details(error: Exception) -> dict[str, Any]:
    text = str(error)
    start = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text[start:]) if start >= 0 else ({}, 0)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _place(details: dict[str, Any], sql: str, *, shift: int) -> tuple[str, str | None]:
    """` at line 2, column 7` and the line with a mark below the place."""
    try:
        offset = int(details["position"]) - shift
    except (KeyError, ValueError):
        return "", None
    before = sql.encode()[:offset].decode(errors="ignore")
    lines = before.split("\n")
    line = sql.split("\n")[len(lines) - 1]
    column = len(lines[-1])
    start = max(0, column - 60)  # a long line is shown around the place
    shown = line[start : start + 100]
    return f" at line {len(lines)}, column {column + 1}", f"{shown}\n  {' ' * (column - start)}^"


def _columns(connection: duckdb.DuckDBPyConnection, sql: str, tables: Sequence[str]) -> list[str]:
    found: dict[str, None] = {}
    for table in tables:
        if table.lower() in sql.lower():
            quoted = table.replace('"', '""')
            described = connection.execute(f'DESCRIBE SELECT * FROM "{quoted}"').fetchall()
            found.update({row[0]: None for row in described})
    return list(found)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _one_line(message: str) -> str:
    """DuckDB's own words up to its lists of candidates."""
    first = message.split("\n")[0].rstrip(" !.")
    return first[:1].lower() + first[1:]
