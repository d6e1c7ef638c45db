"""Files: several inputs of one kind as one Source with one set of columns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import takewhile
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import Progress, Schema
from tamis.data.sources.conform import common_schema, conformed
from tamis.data.sources.location import Input
from tamis.data.sources.source import Batch, first_rows


def common_uri(inputs: Sequence[Input]) -> str:
    """Return the one name that stands for all inputs: the file's, or the folder that they share.

    >>> from types import SimpleNamespace as named
    >>> common_uri([named(uri="s3://b/x/1.json"), named(uri="s3://b/x/y/2.json")])
    's3://b/x/'
    """
    if len(inputs) == 1:
        return inputs[0].uri
    paths = [each.uri.split("/")[:-1] for each in inputs]
    shared = [parts[0] for parts in takewhile(lambda parts: len(set(parts)) == 1, zip(*paths, strict=False))]
    return "/".join([*shared, ""])


class Format(Protocol):
    """How one file of a kind is read. It need not know that there are others."""

    @property
    def kind(self) -> str:
        """json, parquet…"""
        ...

    def schema(self, columns: pa.Schema) -> Schema | None:
        """Return the roles among the columns of all files, where the format itself says them."""
        ...

    def options(self) -> Mapping[str, Any]:
        """Return what was detected or asked for."""
        ...

    def columns(self, each: Input) -> pa.Schema:
        """Return the columns of a file, in types that hold all its rows."""
        ...

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        """Yield the rows of a file with the packed bytes read for them; `columns` is what its `columns` said."""
        ...


class Files:
    """A Source over files, one after the other. Columns that only some of them have are null in the others."""

    def __init__(self, inputs: Sequence[Input], reader: Format) -> None:
        self.uri = common_uri(inputs)
        self.kind = reader.kind
        self._inputs, self._reader = list(inputs), reader

    @property
    def schema(self) -> Schema | None:
        """The roles, where the format says them."""
        return self._reader.schema(self._columns)

    @property
    def options(self) -> Mapping[str, Any]:
        """What was detected, and which files lack which columns."""
        (_, missing), options = self._shapes, dict(self._reader.options())
        if len(self._inputs) > 1:
            options["files"] = len(self._inputs)
        if missing:
            options["columns_filled_with_null"] = missing
        return options

    def head(self) -> pa.Table:
        """Return the first rows."""
        return first_rows(self, self._columns)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield all rows, file after file."""
        sizes = [each.bytes for each in self._inputs]
        total = None if None in sizes else float(sum(size or 0 for size in sizes))
        with progress.track(f"reading {self.uri}", total=total, unit="B") as advance:
            before = 0
            for each in self._inputs:
                done = rows = 0
                for batch, read in self._reader.read(each, self._found[each.uri]):
                    numbers = batch.numbers
                    if numbers is not None and before:
                        numbers = pc.add(numbers, before)
                    yield Batch(conformed(batch.table, self._columns), batch.rejects, numbers)
                    rows += len(batch.table) + len(batch.rejects)
                    advance(read - done)
                    done = read
                before += rows

    @property
    def _columns(self) -> pa.Schema:
        return self._shapes[0]

    @cached_property
    def _found(self) -> dict[str, pa.Schema]:
        return {each.uri: self._reader.columns(each) for each in self._inputs}

    @cached_property
    def _shapes(self) -> tuple[pa.Schema, dict[str, list[str]]]:
        return common_schema(self._found)
