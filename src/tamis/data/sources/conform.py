"""Conform: brings columns of every Arrow type to the plain ones a dataset keeps, and several tables to one shape."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError

_INTEGERS = (pa.types.is_signed_integer, pa.types.is_unsigned_integer)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return the type that a column of `kind` is kept as.

    Text of every make becomes string, dictionaries their values, large and fixed-size lists lists, decimals floats,
    maps lists of key and value; what has no text or number in it becomes JSON text. Dates and times stay as they are.

    >>> plain_type(pa.dictionary(pa.int8(), pa.large_string()))
    DataType(string)
    """
    is_ = pa.types
    if isinstance(kind, pa.BaseExtensionType):
        return plain_type(kind.storage_type)
    if is_.is_dictionary(kind) or is_.is_run_end_encoded(kind):
        return plain_type(kind.value_type)
    if is_.is_large_string(kind) or is_.is_string_view(kind) or is_.is_null(kind):
        return pa.string()
    if is_.is_large_binary(kind) or is_.is_binary_view(kind) or is_.is_fixed_size_binary(kind):
        return pa.binary()
    if is_.is_decimal(kind):
        return pa.int64() if kind.scale == 0 and kind.precision <= 18 else pa.float64()
    if is_.is_float16(kind):
        return pa.float32()
    if is_.is_map(kind):
        return pa.list_(pa.struct([("key", plain_type(kind.key_type)), ("value", plain_type(kind.item_type))]))
    if is_.is_list(kind) or is_.is_large_list(kind) or is_.is_fixed_size_list(kind) or _is_list_view(kind):
        return pa.list_(plain_type(kind.value_type))
    if is_.is_struct(kind):
        return pa.struct([(field.name, plain_type(field.type)) for field in kind])
    if is_.is_union(kind) or is_.is_interval(kind) or is_.is_duration(kind):
        return pa.string()
    return kind


def flat_schema(schema: pa.Schema) -> pa.Schema:
    """Return the columns that a table of `schema` has when `flattened`."""
    return pa.schema([pa.field(name, kind) for name, kind, _ in _leaves(schema)])


def flattened(table: pa.Table) -> pa.Table:
    """Return a table of plain columns; the fields of a struct become columns with dotted names (`style.Size`)."""
    names, columns = [], []
    for name, kind, path in _leaves(table.schema):
        column = table[path[0]]
        for step in path[1:]:
            column = pc.struct_field(column, step)
        names.append(name)
        columns.append(as_type(column, kind))
    return pa.table(columns, names=names)


def as_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """Return the column as `kind`, without losing what stands in it."""
    if column.type.equals(kind):
        return column
    if isinstance(column.type, pa.BaseExtensionType):
        column = pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)
    if pa.types.is_run_end_encoded(column.type):
        column = pa.chunked_array([pc.run_end_decode(chunk) for chunk in column.chunks], column.type.value_type)
    if pa.types.is_map(column.type) and pa.types.is_list(kind):
        entries = pa.list_(pa.struct([("key", column.type.key_type), ("value", column.type.item_type)]))
        column = column.cast(entries)
    if pa.types.is_string(kind) and (pa.types.is_nested(column.type) or pa.types.is_interval(column.type)):
        return pa.chunked_array([_as_json(chunk) for chunk in column.chunks], kind)
    if pa.types.is_list(kind) and not pa.types.is_nested(column.type):  # one value among lists of values
        return pa.chunked_array([_each_in_a_list(chunk, kind) for chunk in column.chunks], kind)
    if pa.types.is_floating(kind) and (pa.types.is_decimal(column.type) or pa.types.is_integer(column.type)):
        return column.cast(kind, safe=False)
    return column.cast(kind)


def widest(kinds: Iterable[pa.DataType]) -> pa.DataType:
    """Return the plain type that holds the values of all `kinds`.

    >>> widest([pa.int8(), pa.int64()]), widest([pa.int64(), pa.string()]), widest([pa.string(), pa.list_(pa.string())])
    (DataType(int64), DataType(string), ListType(list<item: string>))
    """
    return reduce(_wider, kinds)


def common_schema(schemas: Mapping[str, pa.Schema]) -> tuple[pa.Schema, dict[str, list[str]]]:
    """Return the columns of several inputs by name, and for each input the columns that only others have."""
    kinds: dict[str, list[pa.DataType]] = {}
    for schema in schemas.values():
        for field in schema:
            kinds.setdefault(field.name, []).append(field.type)
    shared = pa.schema([pa.field(name, widest(found)) for name, found in kinds.items()])
    missing = {
        name: [column for column in shared.names if column not in schema.names] for name, schema in schemas.items()
    }
    return shared, {name: columns for name, columns in missing.items() if columns}


def conformed(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return the table with the columns of `schema`; those it does not have are null."""
    if table.schema.equals(schema):
        return table
    columns = [
        as_type(table[field.name], field.type) if field.name in table.column_names else pa.nulls(len(table), field.type)
        for field in schema
    ]
    return pa.table(columns, schema=schema)


def _leaves(schema: pa.Schema) -> list[tuple[str, pa.DataType, tuple[Any, ...]]]:
    """Name, plain type and path of each column, structs opened."""
    found: list[tuple[str, pa.DataType, tuple[Any, ...]]] = []

    def open_up(field: pa.Field, name: str, path: tuple[Any, ...]) -> None:
        if pa.types.is_struct(field.type) and field.type.num_fields:
            for number, child in enumerate(field.type):
                open_up(child, f"{name}.{child.name}", (*path, number))
        else:
            found.append((name, plain_type(field.type), path))

    for number, field in enumerate(schema):
        open_up(field, field.name, (number,))
    names = [name for name, _, _ in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"two columns have the name {twice[0]!r}", hint="rename one of them in the source")
    return found


def _wider(one: pa.DataType, other: pa.DataType) -> pa.DataType:
    is_ = pa.types
    if one.equals(other):
        return one
    if is_.is_list(one) and is_.is_list(other):
        return pa.list_(_wider(one.value_type, other.value_type))
    if is_.is_list(one) or is_.is_list(other):
        inner, single = (one.value_type, other) if is_.is_list(one) else (other.value_type, one)
        return pa.string() if is_.is_nested(inner) or is_.is_nested(single) else pa.list_(_wider(inner, single))
    if is_.is_struct(one) and is_.is_struct(other):
        shared, _ = common_schema({"one": pa.schema(list(one)), "other": pa.schema(list(other))})
        return pa.struct(list(shared))
    if is_.is_integer(one) and is_.is_integer(other):
        return pa.string() if pa.uint64() in (one, other) else pa.int64()
    if (is_.is_integer(one) or is_.is_floating(one)) and (is_.is_integer(other) or is_.is_floating(other)):
        return pa.float64()
    if is_.is_temporal(one) and is_.is_temporal(other) and not (is_.is_time(one) or is_.is_time(other)):
        zones = {getattr(kind, "tz", None) for kind in (one, other)}
        return (
            pa.timestamp("ns" if "ns" in (getattr(one, "unit", ""), getattr(other, "unit", "")) else "us", *zones)
            if len(zones) == 1
            else pa.string()
        )
    return pa.string()


def _is_list_view(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list_view(kind) or pa.types.is_large_list_view(kind))


def _as_json(array: pa.Array) -> pa.Array:
    texts: Sequence[str | None] = [
        None if value is None else json.dumps(value, ensure_ascii=False, default=str) for value in array.to_pylist()
    ]
    return pa.array(texts, pa.string())


def _each_in_a_list(array: pa.Array, kind: pa.ListType) -> pa.Array:
    values = array.cast(kind.value_type)
    offsets = pa.array(range(len(values) + 1), pa.int32())
    return pa.ListArray.from_arrays(offsets, values, mask=pc.is_null(array))
