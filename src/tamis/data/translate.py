"""Translates SQL from one dialect into another (sqlglot)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tamis.core import UsageError, did_you_mean

if TYPE_CHECKING:
    from sqlglot import exp


def translate(sql: str, *, read: str = "duckdb", write: str = "duckdb", pretty: bool = False) -> str:
    """Return a query written in the dialect `read` as the dialect `write` says it.

    >>> translate("select approx_distinct(id) from t", read="presto")
    'SELECT APPROX_COUNT_DISTINCT(id) FROM t'
    """
    from sqlglot.errors import SqlglotError

    _require_dialect(write)
    try:
        return parse(sql, read=read).sql(dialect=write, pretty=pretty)
    except SqlglotError as error:
        raise UsageError(f"this query cannot be said in {write}: {error}") from None


def parse(sql: str, *, read: str = "duckdb") -> exp.Expr:
    """Return the one statement in `sql` as sqlglot's tree, or say where it stops being SQL."""
    import sqlglot
    from sqlglot.errors import ParseError, TokenError

    _require_dialect(read)
    try:
        found = [tree for tree in sqlglot.parse(sql, read=read) if tree is not None]
    except ParseError as error:
        first = error.errors[0]
        line, column = first["line"], first["col"]
        shown = f"{first['start_context'][-40:]}{first['highlight']}{first['end_context'][:40]}".replace("\n", " ")
        what = str(first["description"]).rstrip(".")
        raise UsageError(f"not SQL as {read} writes it, line {line}, column {column}: {what}", hint=shown) from None
    except TokenError as error:
        raise UsageError(f"not SQL as {read} writes it: {error}") from None
    if len(found) != 1:
        raise UsageError(f"this is {len(found)} statements; a query is one")
    return found[0]


def dialects() -> list[str]:
    """Return the names of the SQL dialects that can be read and written."""
    from sqlglot.dialects.dialect import Dialects

    return sorted(dialect.value for dialect in Dialects if dialect.value)


def _require_dialect(name: str) -> None:
    known = dialects()
    if name not in known:
        raise UsageError(f"no SQL dialect {name!r}. Known: {', '.join(known)}.{did_you_mean(name, known)}")
