"""Canonical: brings a source's columns to those of a dataset: id, text, label, the other roles, then all the rest."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import BETWEEN_TEXTS, ROLES, DataError, Schema
from tamis.data.roles import template_columns
from tamis.data.sources.conform import as_type
from tamis.data.sources.source import Batch

_TRUE = frozenset({"1", "1.0", "true", "True", "TRUE", "yes", "Yes", "YES", "x", "X"})
_FALSE = frozenset({"", "0", "0.0", "false", "False", "FALSE", "no", "No", "NO"})


def canonical_table(batch: Batch, schema: Schema, *, first_number: int) -> pa.Table:
    """Return a batch under canonical names; rows without an id are named by their number.

    Columns that became a role as they are stand once; a label or id that is no text also keeps its own name and type.
    """
    table = batch.table
    numbers = batch.numbers
    if numbers is None:
        numbers = pa.array(np.arange(first_number, first_number + len(table)))
    columns: dict[str, pa.ChunkedArray | pa.Array] = {"id": _ids(batch, schema, numbers)}
    columns["text"] = _text(table, schema)
    if schema.label:
        columns["label"] = _label(batch, schema)
    for role in ("group", "annotator", "split"):
        name = getattr(schema, role)
        if name is not None:
            columns[role] = _strings(batch, name)
    if schema.time is not None:
        columns["time"] = table[schema.time]
    if schema.weight is not None:
        columns["weight"] = _numbers(table, schema.weight)
    stored = {name for role, name in schema.renamed.items() if role in columns and _same(table, role, name, columns)}
    for name in table.column_names:
        if name not in stored:
            columns[_own_name(name, table.column_names)] = table[name]
    return pa.table(columns)


def kept_as_written(schema: Schema) -> list[str]:
    """Return the source columns whose exact writing matters: labels and names."""
    single = (schema.id, schema.group, schema.split, schema.annotator)
    label = schema.label if schema.label_form in ("value", "delimited") else ()
    return [name for name in (*single, *label) if name is not None]


def _same(table: pa.Table, role: str, name: str, columns: Mapping[str, pa.ChunkedArray | pa.Array]) -> bool:
    """True when the role holds the very column, so that keeping it twice tells nothing more."""
    return role != "label" or bool(table[name].type.equals(columns[role].type))


def _own_name(name: str, others: list[str]) -> str:
    """The name of a column that plays no role: its own, unless a role is called so."""
    if name.lower() not in ROLES:
        return name
    renamed = f"source_{name}"
    while renamed in others:
        renamed = f"source_{renamed}"
    return renamed


def _strings(batch: Batch, name: str) -> pa.ChunkedArray:
    if name in batch.as_written:
        return batch.as_written[name]
    return as_type(batch.table[name], pa.string())


def _ids(batch: Batch, schema: Schema, numbers: pa.Array) -> pa.ChunkedArray | pa.Array:
    if schema.id is None:
        return numbers.cast(pa.string())
    ids = _strings(batch, schema.id)
    if not ids.null_count:
        return ids
    named = pc.binary_join_element_wise("row", numbers.cast(pa.string()), "")
    return pc.coalesce(ids, pa.chunked_array([named]))


def _text(table: pa.Table, schema: Schema) -> pa.ChunkedArray:
    names = schema.text if schema.template is None else template_columns(schema.template)
    used = {name: as_type(table[name], pa.string()) for name in names}
    if schema.template is None:
        joined, *others = used.values()
        for column in others:  # null_handling="skip" would be shorter, but Arrow 25 then loses rows that are all null
            joined = pc.coalesce(pc.binary_join_element_wise(joined, column, BETWEEN_TEXTS), joined, column)
        return joined
    parts: list[pa.ChunkedArray | str] = []
    rest = schema.template
    for name in _in_order(schema.template):
        before, _, rest = rest.partition("{" + name + "}")
        parts += [before, used[name]]
    joined = pc.binary_join_element_wise(*parts, rest, "", null_handling="replace", null_replacement="")
    missing = [pc.is_null(column) for column in used.values()]
    return pc.if_else(reduce(pc.and_, missing), None, joined)


def _in_order(template: str) -> list[str]:
    found, rest = [], template
    names = template_columns(template)
    while places := [(rest.find("{" + name + "}"), name) for name in names if "{" + name + "}" in rest]:
        place, name = min(places)
        found.append(name)
        rest = rest[place + len(name) + 2 :]
    return found


def _label(batch: Batch, schema: Schema) -> pa.ChunkedArray | pa.Array:
    if schema.label_form == "one_hot":
        return _from_flags(batch.table, schema.label)
    name = schema.label[0]
    if schema.label_form == "list":
        return as_type(batch.table[name], pa.list_(pa.string()))
    if schema.label_form == "spans":
        return batch.table[name]
    texts = _strings(batch, name)
    if schema.label_form == "delimited":
        return pa.chunked_array(
            [_split(chunk, schema.delimiter or ",") for chunk in texts.chunks], pa.list_(pa.string())
        )
    return pc.if_else(pc.equal(texts, ""), None, texts)  # an empty label is none


def _split(texts: pa.Array, delimiter: str) -> pa.Array:
    """Lists of the labels between delimiters; the space around them is none of theirs."""
    pieces = pc.split_pattern(texts, delimiter)
    labels = pc.utf8_trim_whitespace(pieces.flatten())
    parents = pc.list_parent_indices(pieces)
    kept = pc.not_equal(labels, "")
    counts = np.bincount(parents.filter(kept).to_numpy(), minlength=len(texts))
    offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), labels.filter(kept), mask=pc.is_null(texts))


def _from_flags(table: pa.Table, names: tuple[str, ...]) -> pa.Array:
    """Lists of the names of the columns that are true; a row without any flag is not labelled."""
    flags, absent = [], []
    for name in names:
        column = table[name]
        absent.append(pc.is_null(column).to_numpy(zero_copy_only=False))
        if pa.types.is_string(column.type):
            true = pc.is_in(column, pa.array(sorted(_TRUE)))
            _refuse_others(name, column, pc.or_(true, pc.is_in(column, pa.array(sorted(_FALSE)))))
        elif pa.types.is_nested(column.type) or pa.types.is_temporal(column.type):
            raise DataError(f"--one-hot column {name!r} holds {column.type}, not 0 and 1")
        else:
            numbers = column.cast(pa.float64())
            true = pc.fill_null(pc.equal(numbers, 1.0), False)
            _refuse_others(name, column, pc.or_(true, pc.equal(numbers, 0.0)))
        flags.append(true.to_numpy(zero_copy_only=False))
    matrix = np.stack(flags, axis=1).astype(bool)
    rows, places = np.nonzero(matrix)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(matrix)))]).astype(np.int32)
    values = pa.array(np.array(names, dtype=object)[places], pa.string())
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(np.stack(absent, axis=1).all(axis=1)))


def _refuse_others(name: str, column: pa.ChunkedArray, known: pa.ChunkedArray) -> None:
    """Stop at a value that is no flag: taken for `no`, it would lose a label in silence."""
    odd = column.filter(pc.and_(pc.is_valid(column), pc.invert(pc.fill_null(known, False))))
    if len(odd):
        raise DataError(
            f"--one-hot column {name!r} holds {odd[0].as_py()!r}, which is no flag",
            hint="flags are 1 and 0, true and false, yes and no, or x and nothing; "
            "a column of label names goes with --label",
        )


def _numbers(table: pa.Table, name: str) -> pa.ChunkedArray:
    try:
        return table[name].cast(pa.float64())
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        raise DataError(
            f"the weight column {name!r} holds {table[name].type} values that are no numbers",
            hint="name another with --weight, or none with --none weight",
        ) from None
