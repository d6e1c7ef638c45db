"""Pieces of SQL that mean the same to every engine; written as DuckDB writes them, translated as a whole later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tamis.core import UsageError, did_you_mean
from tamis.data import parse

# A value is looked at as text, because engines cast doubtful text in different ways.
_TYPE_PATTERNS = {
    "integer": "^[+-]?[0-9]+$",
    "number": "^[+-]?([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?$",
    "boolean": "^([Tt]rue|[Ff]alse|TRUE|FALSE|[Yy]es|[Nn]o|[YyNn01])$",
    "date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "timestamp": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?",
}
_NUMERIC = ("int", "uint", "float", "double", "half", "decimal", "bool")


def column(name: str, columns: Mapping[str, str]) -> str:
    """Return a column's quoted name, or say which one is nearest."""
    known = {known.lower(): known for known in columns}
    if name.lower() not in known:
        raise UsageError(f"no column {name!r}. Columns: {', '.join(columns)}.{did_you_mean(name, columns)}")
    return '"' + known[name.lower()].replace('"', '""') + '"'


def type_of(name: str, columns: Mapping[str, str]) -> str:
    """Return a column's Arrow type."""
    return next(kind for known, kind in columns.items() if known.lower() == name.lower())


def is_number(kind: str) -> bool:
    """Tell whether an Arrow type holds numbers (or yes and no, which count as 1 and 0)."""
    return kind.startswith(_NUMERIC)


def is_nested(kind: str) -> bool:
    """Tell whether an Arrow type holds lists or records."""
    return kind.startswith(("list", "large_list", "struct", "map", "fixed_size_list"))


def text(value: object) -> str:
    """Return a value as an SQL literal of its text."""
    return "'" + str(value).replace("'", "''") + "'"


def predicate(sql: str, columns: Mapping[str, str]) -> str:
    """Return a predicate as DuckDB writes it, when it is one and its columns are there."""
    from sqlglot import exp

    tree = parse(f"SELECT 1 WHERE {sql}")
    plain = isinstance(tree, exp.Select) and set(tree.args) - {key for key, value in tree.args.items() if not value}
    where = tree.args.get("where")
    if not plain or plain > {"expressions", "where"} or where is None or where.find(exp.Subquery, exp.Select):
        raise UsageError(f"{sql!r} is more than a predicate over one row")
    for found in where.find_all(exp.Column):
        column(found.name, columns)
        found.set("table", None)
    return str(where.this.sql(dialect="duckdb"))


def both(*conditions: str | None) -> str:
    """Return the conditions joined by AND; TRUE when there are none."""
    return " AND ".join(f"({condition})" for condition in conditions if condition) or "TRUE"


def count_if(*conditions: str | None) -> str:
    """Return an aggregate: rows for which all conditions are true."""
    return f"COUNT(CASE WHEN {both(*conditions)} THEN 1 END)"


def only(value: str, where: str | None) -> str:
    """Return the value on rows that count, NULL on others."""
    return f"CASE WHEN {where} THEN {value} END" if where else value


def number(name: str, kind: str) -> str:
    """Return a quoted column as a number; NULL where text is none."""
    return f"CAST({name} AS DOUBLE)" if is_number(kind) else f"TRY_CAST({name} AS DOUBLE)"


def as_text(name: str, kind: str) -> str:
    """Return a quoted column as text."""
    return name if kind in ("string", "large_string") else f"CAST({name} AS VARCHAR)"


def reads_as(name: str, kind: str, wanted: str) -> str:
    """Return a condition: this value can be read as a type."""
    matches = f"REGEXP_MATCHES({as_text(name, kind)}, {text(_TYPE_PATTERNS[wanted])})"
    if wanted in ("date", "timestamp"):  # a 13th month looks like a day and is none
        return f"{matches} AND TRY_CAST({as_text(name, kind)} AS {wanted.upper()}) IS NOT NULL"
    return matches


def is_in(name: str, kind: str, values: Sequence[object]) -> str:
    """Return a condition: this value is one of a set."""
    if is_number(kind) and not kind.startswith("bool") and all(_is_number(value) for value in values):
        return f"CAST({name} AS DOUBLE) IN ({', '.join(repr(float(str(value))) for value in values)})"
    listed = ", ".join(text(str(value).lower() if isinstance(value, bool) else value) for value in values)
    return f"{as_text(name, kind)} IN ({listed})"


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
