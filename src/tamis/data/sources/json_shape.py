"""JsonShape: which columns JSON objects have together, and how they are taken out of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import duckdb
import numpy as np
import pyarrow as pa

# As DuckDB writes it: a type's name, a list of one shape, or an object of shapes.
Shape: TypeAlias = "str | list[Shape] | dict[str, Shape]"

_MOST_KEYS = 200  # an object with more keys is a dictionary of data, not a record
_LARGE_NUMBER = r"[0-9]{19}"  # from here on an integer may not fit in 64 bits
_INTEGERS = ("BIGINT", "UBIGINT")
_ARROW = {"BOOLEAN": pa.bool_(), "BIGINT": pa.int64(), "UBIGINT": pa.int64(), "DOUBLE": pa.float64()}


@dataclass(frozen=True)
class Column:
    """One column of the objects."""

    name: str
    """Its keys, joined by dots: `style.Size`."""
    pointer: str
    """Where it is, as a JSON pointer: `/style/Size`."""
    shape: Shape

    @property
    def type(self) -> pa.DataType:
        """Its Arrow type."""
        return _arrow_type(self.shape)


class JsonShape:
    """The union of the shapes of all objects seen so far; what differs between them becomes the wider type."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.shape: Shape = {}

    def add(self, objects: pa.Array) -> None:
        """Take objects as JSON text, all of them valid."""
        # in the order of the rows, so that the order of the columns never changes from run to run
        shapes = (
            f"SELECT json_structure(text)::VARCHAR AS shape, min(row) FROM {{texts}} "
            f"WHERE NOT regexp_matches(text, '{_LARGE_NUMBER}') GROUP BY shape ORDER BY 2"
        )
        for shape, _ in _rows(shapes, objects):
            if shape not in self._seen:
                self._seen.add(shape)
                self.shape = merged(self.shape, _normal(json.loads(shape)))
        for (text,) in _rows(f"SELECT text FROM {{texts}} WHERE regexp_matches(text, '{_LARGE_NUMBER}')", objects):
            self.shape = merged(self.shape, _shape_of(json.loads(text)))

    @property
    def columns(self) -> list[Column]:
        """The columns in the order in which they were first seen."""
        found: dict[str, Column] = {}
        for keys, shape in _leaves(self.shape, ()):
            name = ".".join(keys)
            while name in found:  # {"a.b": 1, "a": {"b": 2}}
                name += "_2"
            pointer = "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in keys)
            found[name] = Column(name, pointer, shape)
        return list(found.values())


def extract(objects: pa.Array, columns: list[Column]) -> pa.Table:
    """Return the columns of objects that are given as JSON text."""
    schema = pa.schema([(column.name, column.type) for column in columns])
    if not len(objects) or not columns:
        return schema.empty_table()
    single = [column for column in columns if not isinstance(column.shape, list)]
    lists = [column for column in columns if isinstance(column.shape, list)]
    # one parse of each object finds all plain values; the columns of lists are parsed by themselves
    pointers = ", ".join(_quoted(column.pointer) for column in single)
    values = f"json_extract_string(text, [{pointers}])" if single else "NULL"
    fields = {
        column.name: f"CAST(v[{number}] AS {_duckdb_type(column.shape)})" for number, column in enumerate(single, 1)
    }
    found = [f"json_extract(text, {_quoted(column.pointer)}) AS l{number}" for number, column in enumerate(lists)]
    fields |= {column.name: _list_value(f"l{number}", column.shape) for number, column in enumerate(lists)}
    selected = ", ".join(f"{fields[column.name]} AS c{number}" for number, column in enumerate(columns))
    inner = ", ".join([f"{values} AS v", *found])
    table = _table(f"SELECT {selected} FROM (SELECT {inner} FROM {{texts}})", objects)
    return table.rename_columns(schema.names).cast(schema)


def valid_objects(texts: pa.Array) -> pa.Array:
    """Return for each text whether it is one valid JSON object; null texts are none."""
    sql = "SELECT coalesce(CASE WHEN json_valid(text) THEN json_type(text) = 'OBJECT' END, false) AS ok FROM {texts}"
    return _table(sql, texts)["ok"].combine_chunks()


def merged(one: Shape, other: Shape) -> Shape:
    """Return the shape that holds the values of both.

    >>> merged({"a": "UBIGINT"}, {"a": "VARCHAR", "b": "NULL"}), merged("VARCHAR", ["VARCHAR"])
    ({'a': 'VARCHAR', 'b': 'NULL'}, ['VARCHAR'])
    """
    if one == other or other == "NULL":
        return one
    if one == "NULL":
        return other
    if isinstance(one, dict) and isinstance(other, dict):
        return {key: merged(one.get(key, "NULL"), other.get(key, "NULL")) for key in one | other}
    if isinstance(one, list) and isinstance(other, list):
        return [merged(one[0], other[0])]
    for several, single in ((one, other), (other, one)):
        if isinstance(several, list) and isinstance(several[0], str) and isinstance(single, str) and single != "ANY":
            return [merged(several[0], single)]
    if isinstance(one, str) and isinstance(other, str) and "ANY" not in (one, other):
        if {one, other} <= {*_INTEGERS}:
            return "BIGINT"
        return "DOUBLE" if {one, other} <= {*_INTEGERS, "DOUBLE"} else "VARCHAR"
    return "ANY"  # objects among values of other kinds, kept as JSON text


def _normal(shape: Shape, *, in_list: bool = False) -> Shape:
    """DuckDB says JSON for an object without keys, and for a list's values that have nothing in common."""
    if isinstance(shape, dict):
        return {key: _normal(inner) for key, inner in shape.items()}
    if isinstance(shape, list):
        return [_normal(shape[0], in_list=True)]
    return shape if shape != "JSON" else "VARCHAR" if in_list else {}


def _table(sql: str, texts: pa.Array) -> pa.Table:
    """The answer to a query over `{texts}` (row, text)."""
    with _database().cursor() as cursor:
        cursor.register("texts", pa.table({"row": np.arange(len(texts)), "text": texts}))
        return cursor.sql(sql.replace("{texts}", "texts")).to_arrow_table()


def _rows(sql: str, texts: pa.Array) -> list[tuple[str, ...]]:
    return [tuple(row.values()) for row in _table(sql, texts).to_pylist()]


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for the whole process, since each new one starts threads; a cursor of it serves one question."""
    return duckdb.connect()


def _shape_of(value: Any) -> Shape:
    """The shape of a parsed value, with integers that do not fit in 64 bits as text."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int):
        return "BIGINT" if -(2**63) <= value < 2**63 else "VARCHAR"
    if isinstance(value, float):
        return "DOUBLE"
    if isinstance(value, dict):
        return {key: _shape_of(inner) for key, inner in value.items()}
    if isinstance(value, list):
        shape: Shape = "NULL"
        for inner in value:
            shape = merged(shape, _shape_of(inner))
        return [shape]
    return "VARCHAR"


def _leaves(shape: Shape, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Shape]]:
    if isinstance(shape, dict) and shape and len(shape) <= _MOST_KEYS:
        for key, inner in shape.items():
            yield from _leaves(inner, (*keys, key))
    elif isinstance(shape, list):
        yield keys, shape if _is_plain(shape) else "VARCHAR"
    elif keys:
        yield keys, shape if isinstance(shape, str) else "VARCHAR"


def _is_plain(shape: Shape) -> bool:
    """Whether a list's inner objects can be Arrow structs: keys that differ, and not too many."""
    if isinstance(shape, str):
        return True
    if isinstance(shape, list):
        return _is_plain(shape[0])
    distinct = {key.lower() for key in shape}
    return 0 < len(shape) == len(distinct) <= _MOST_KEYS and "" not in shape and all(map(_is_plain, shape.values()))


def _list_value(json_column: str, shape: Shape) -> str:
    assert isinstance(shape, list)
    structure = _quoted(json.dumps(_for_duckdb(shape), ensure_ascii=False))
    whole = f"from_json({json_column}, {structure})"
    if isinstance(shape[0], str):  # a single value among lists is a list of one
        kind = _duckdb_type(shape[0])
        single = f"[CAST(json_extract_string({json_column}, '$') AS {kind})]"
        return (
            f"CASE json_type({json_column}) WHEN 'ARRAY' THEN {whole} WHEN 'NULL' THEN NULL "
            f"ELSE CASE WHEN {json_column} IS NULL THEN NULL ELSE {single} END END"
        )
    return whole


def _for_duckdb(shape: Shape) -> Shape:
    if isinstance(shape, dict):
        return {key: _for_duckdb(inner) for key, inner in shape.items()}
    if isinstance(shape, list):
        return [_for_duckdb(shape[0])]
    return _duckdb_type(shape)


def _duckdb_type(shape: Shape) -> str:
    return {"UBIGINT": "BIGINT", "BIGINT": "BIGINT", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN"}.get(
        str(shape), "VARCHAR"
    )


def _arrow_type(shape: Shape) -> pa.DataType:
    if isinstance(shape, dict):
        return pa.struct([(key, _arrow_type(inner)) for key, inner in shape.items()])
    if isinstance(shape, list):
        return pa.list_(_arrow_type(shape[0]))
    return _ARROW.get(shape, pa.string())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
