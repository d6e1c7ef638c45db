"""Columnar: Parquet and Arrow (Feather, IPC files and streams), with every type brought to a plain one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tamis.core import DataError, Schema
from tamis.data.sources.conform import conformed, flat_schema, flattened
from tamis.data.sources.files import Files
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject, Source

_BATCH_ROWS = 16_384
_SAMPLE_ROWS = 1000
_STREAM_END = b"\xff\xff\xff\xff\0\0\0\0"


@dataclass(frozen=True)
class _Opened:
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]
    rows: int | None


def read_parquet(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of Parquet files."""
    return Files(inputs, _Columnar("parquet", _open_parquet))


def read_arrow(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of Arrow and Feather files, and of streams that were saved to a file."""
    return Files(inputs, _Columnar("arrow", _open_arrow))


def plain_columns(schema: pa.Schema, sample: pa.Table) -> pa.Schema:
    """Return the plain columns of a table; bytes are text when most of them are UTF-8 in its first rows."""
    columns = flat_schema(schema)
    plain = flattened(sample)
    for number, column in enumerate(columns):
        values = plain[column.name]
        if pa.types.is_binary(column.type) and 2 * int(_not_text(values).sum()) <= len(values) - values.null_count:
            columns = columns.set(number, pa.field(column.name, pa.string()))
    return columns


def plain_batch(table: pa.Table, columns: pa.Schema, *, name: str, first: int) -> Batch:
    """Return rows in the types of `columns`; those whose bytes are not the text they should be are rejected."""
    plain = flattened(table)
    broken: dict[int, str] = {}
    for column in columns:
        if pa.types.is_string(column.type) and pa.types.is_binary(plain[column.name].type):
            for row in np.flatnonzero(_not_text(plain[column.name])).tolist():
                broken.setdefault(row, f"column {column.name!r} is not UTF-8 text")
    if broken:
        keep = np.ones(len(plain), bool)
        keep[list(broken)] = False
        plain = plain.filter(pa.array(keep))
    rejects = [Reject(source=name, row=first + row, reason=reason) for row, reason in sorted(broken.items())]
    return Batch(conformed(plain, columns), rejects)


@dataclass
class _Columnar:
    kind: str
    opened: Callable[[Path], AbstractContextManager[_Opened]]

    def schema(self, columns: pa.Schema) -> Schema | None:
        return None

    def options(self) -> Mapping[str, Any]:
        return {}

    def columns(self, each: Input) -> pa.Schema:
        with each.on_disk() as path, _said(each), self.opened(path) as file:
            sample = next(file.batches, None)
            rows = file.schema.empty_table() if sample is None else pa.Table.from_batches([sample])
            return plain_columns(file.schema, rows.slice(0, _SAMPLE_ROWS))

    def read(self, each: Input, columns: pa.Schema) -> Iterator[tuple[Batch, int]]:
        rows = 0
        with each.on_disk() as path, _said(each), self.opened(path) as file:
            for batch in file.batches:
                made = plain_batch(pa.Table.from_batches([batch]), columns, name=each.uri, first=rows + 1)
                rows += batch.num_rows
                yield made, int((each.bytes or 0) * (rows / file.rows if file.rows else 1))


@contextlib.contextmanager
def _open_parquet(path: Path) -> Iterator[_Opened]:
    with pq.ParquetFile(path) as file:
        yield _Opened(file.schema_arrow, file.iter_batches(batch_size=_BATCH_ROWS), file.metadata.num_rows)


@contextlib.contextmanager
def _open_arrow(path: Path) -> Iterator[_Opened]:
    with path.open("rb") as file:
        start = file.read(6)
        file.seek(-min(8, path.stat().st_size), os.SEEK_END)
        end = file.read()
    if start.startswith(b"FEA1"):
        raise DataError(
            f"{path.name} is Feather version 1, which is no longer read",
            hint="write it again with pyarrow: pyarrow.feather.write_feather(table, path)",
        )
    with pa.memory_map(str(path)) as mapped:
        if start == b"ARROW1":
            with pa.ipc.open_file(mapped) as reader:
                several = (reader.get_batch(number) for number in range(reader.num_record_batches))
                yield _Opened(reader.schema, _small(several), None)
        else:
            # a stream that was cut off between two batches looks whole but for its end mark
            if end != _STREAM_END:
                raise EOFError
            with pa.ipc.open_stream(mapped) as reader:
                yield _Opened(reader.schema, _small(reader), None)


def _small(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for start in range(0, batch.num_rows, _BATCH_ROWS):
            yield batch.slice(start, _BATCH_ROWS)


@contextlib.contextmanager
def _said(each: Input) -> Iterator[None]:
    try:
        yield
    except EOFError:
        raise _cut_off(each) from None
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        reason = str(error).splitlines()[0]
        if (
            "magic bytes not found in footer" in reason
            or "Not an Arrow file" in reason
            or "Expected to be able" in reason
        ):
            raise _cut_off(each) from None
        raise DataError(f"{each.uri} cannot be read: {reason}", hint="copy it again, or check who wrote it") from None


def _cut_off(each: Input) -> DataError:
    what = "Parquet" if each.suffix == ".parquet" else "Arrow"
    return DataError(f"{each.uri} is not {what}, or ends too early", hint="download or copy it again")


def _not_text(column: pa.ChunkedArray) -> np.ndarray:
    """Which of the values are bytes that are not UTF-8."""
    found = []
    for chunk in column.chunks:
        try:
            chunk.cast(pa.string())
            found.append(np.zeros(len(chunk), bool))
        except pa.ArrowInvalid:
            found.append(np.array([value is not None and not _is_utf8(value) for value in chunk.to_pylist()], bool))
    return np.concatenate(found) if found else np.zeros(0, bool)


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
