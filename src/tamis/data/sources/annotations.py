"""Annotations: exports of labelling tools as rows with labels that are one value, a list or spans."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import LabelForm, Schema, UsageError
from tamis.data.dataset import Span
from tamis.data.sources.conform import as_type
from tamis.data.sources.json_rows import JsonFormat
from tamis.data.sources.location import Input
from tamis.data.sources.source import Batch

_SPAN_KEYS = {"start", "end", "label"}


class Export(Protocol):
    """What is particular to one tool."""

    kind: str
    several: set[str]
    """The columns of classes in which a row has more than one: known when all records were seen."""

    def rows(self, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the rows of a record, classes as lists of names and spans as lists of start, end and label."""
        ...

    def roles(self, columns: list[str], labels: Mapping[str, LabelForm]) -> Schema:
        """Return the roles; `labels` are the columns with what they hold, the likeliest label first."""
        ...

    def again(self) -> None:
        """Forget the rows seen: the file is read from its start."""
        ...


@dataclass
class AnnotationFormat:
    """How a file of annotations is read."""

    export: Export
    records: JsonFormat
    _first: dict[str, pa.Schema] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The tool's name."""
        return self.export.kind

    def options(self) -> Mapping[str, Any]:
        """Return how the records are laid out."""
        return self.records.options()

    def schema(self, columns: pa.Schema) -> Schema:
        """Return the roles, which the tool's format tells."""
        found = sorted(
            ((_rank(column.type), column.name, self._form(column)) for column in columns), key=lambda one: one[0]
        )
        return self.export.roles(columns.names, {name: form for _, name, form in found})

    def columns(self, each: Input) -> pa.Schema:
        """Return the columns of a file."""
        self.export.again()
        found = self.records.columns(each)
        if not found.names:
            raise UsageError(f"{each.uri} is no export of {self.kind}: no record in it is one")
        self._first[each.uri] = found
        return pa.schema([pa.field(column.name, self._type(column)) for column in found])

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        """Yield the rows of a file."""
        self.export.again()
        for batch, read in self.records.read(each, self._first[each.uri]):
            kept = [self._kept(batch.table[column.name], column) for column in columns]
            yield Batch(pa.table(kept, schema=columns), batch.rejects, batch.numbers), read

    def _kept(self, values: pa.ChunkedArray, column: pa.Field) -> pa.ChunkedArray:
        if column.name in self.export.several:  # no class at all is: not labelled yet
            values = pc.if_else(pc.equal(pc.list_value_length(values), 0), None, values)
        return _as_label(values, column.type)

    def _type(self, column: pa.Field) -> pa.DataType:
        if not pa.types.is_list(column.type):
            return column.type
        inner = column.type.value_type
        if pa.types.is_struct(inner) and {child.name for child in inner} == _SPAN_KEYS:
            return pa.list_(Span)
        single = pa.types.is_string(inner) and column.name not in self.export.several
        return pa.string() if single else column.type

    def _form(self, column: pa.Field) -> LabelForm:
        if column.type.equals(pa.list_(Span)):
            return "spans"
        return "list" if pa.types.is_list(column.type) and column.name in self.export.several else "value"


def _rank(kind: pa.DataType) -> int:
    """Classes before spans before numbers."""
    if kind.equals(pa.list_(Span)):
        return 1
    return 2 if pa.types.is_primitive(kind) else 0


def _as_label(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_list(column.type) and pa.types.is_string(kind):  # lists of one
        return pa.chunked_array([pl.Series(chunk).list.first().to_arrow().cast(kind) for chunk in column.chunks], kind)
    if kind.equals(pa.list_(Span)):
        names = [child.name for child in Span]
        frame = pl.DataFrame({"spans": pl.from_arrow(column)})
        inner = pl.struct([pl.element().struct.field(name) for name in names])
        return as_type(frame.select(pl.col("spans").list.eval(inner)).to_arrow()["spans"], kind)
    return as_type(column, kind)
