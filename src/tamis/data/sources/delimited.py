"""Delimited text (CSV, TSV): Arrow reads blocks of whole records on several threads; odd ones go record by record."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from tamis.core import DataError, Progress
from tamis.data.sources.columntypes import FALSE_WORDS, TRUE_WORDS, type_of, typed, wider
from tamis.data.sources.dialect import Dialect, find_dialect
from tamis.data.sources.encoding import Encoding, find_encoding, utf8_stream
from tamis.data.sources.files import common_uri
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.records import Block, blocks, read_exactly
from tamis.data.sources.source import Batch, Reject, StartOver

_SAMPLE_BYTES = 1 << 20
_BLOCK_BYTES = 8 << 20
_HEAD_ROWS = 1000


@dataclass(frozen=True, kw_only=True)
class Layout:
    """One file and how it is written."""

    input: Input
    encoding: Encoding
    dialect: Dialect
    sample: bytes
    """Its first rows as UTF-8, without the header."""


@dataclass
class Piece:
    """What one block gave."""

    table: pa.Table
    as_written: dict[str, pa.ChunkedArray]
    records: int
    rejects: list[tuple[int, str, str]] = field(default_factory=list)
    misfits: dict[str, pa.DataType] = field(default_factory=dict)
    """Columns with a value that their type cannot hold, and the type that can."""


def read_delimited(inputs: list[Input], options: SourceOptions) -> DelimitedSource:
    """Return a Source over CSV or TSV files; what their samples tell is found out here."""
    layouts = [found for each in inputs if (found := _layout(each, options)) is not None]
    if not layouts:
        raise DataError(f"{common_uri(inputs)} is empty")
    return DelimitedSource(inputs, layouts, options)


class DelimitedSource:
    """The rows of delimited files, one after the other. Columns that only some files have are null in the others."""

    schema = None

    def __init__(self, inputs: Sequence[Input], layouts: Sequence[Layout], options: SourceOptions) -> None:
        first = layouts[0].dialect
        self.uri = common_uri(inputs)
        self.kind = "tsv" if first.delimiter == "\t" else "csv"
        self._inputs, self._layouts = list(inputs), list(layouts)
        self._nulls = ["", *options.null_values]
        self._columns = _columns(layouts)
        self._written: tuple[str, ...] = ()
        self._heads = [self._texts(layout) for layout in layouts[:20]]
        if not any(len(head) for head in self._heads):
            raise DataError(f"{self.uri} has a header and no rows: {', '.join(self._columns)}")
        self._types = {name: self._type(name) for name in self._columns}

    @property
    def options(self) -> Mapping[str, Any]:
        """How the files are written, as found or as told."""
        first = self._layouts[0]
        shown: dict[str, Any] = {**first.dialect.shown, "encoding": first.encoding.name}
        notes = [note for layout in self._layouts for note in (*layout.encoding.notes, *layout.dialect.notes)]
        if notes:
            shown["notes"] = list(dict.fromkeys(notes))
        if len(self._nulls) > 1:
            shown["null_values"] = self._nulls[1:]
        if len(self._inputs) > 1:
            shown["files"] = len(self._inputs)
        return shown

    def keep_as_written(self, columns: Sequence[str]) -> None:
        """Give the exact texts of these columns with every batch."""
        self._written = tuple(name for name in columns if name in self._types)

    def head(self) -> pa.Table:
        """Return the first rows."""
        heads = []
        for head in self._heads:
            columns = {name: head[name] if name in head.column_names else _nothing(len(head)) for name in self._columns}
            heads.append(pa.table({name: _as(texts, self._types[name]) for name, texts in columns.items()}))
        return pa.concat_tables(heads).slice(0, _HEAD_ROWS)

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield all rows; StartOver when a late value widened the type of a column."""
        sizes = [each.bytes for each in self._inputs]
        total = None if None in sizes else float(sum(size or 0 for size in sizes))
        position, widened = 0, False
        with progress.track(f"reading {self.uri}", total=total, unit="B") as advance:
            for layout in self._layouts:
                row = 0
                for piece, read in self._pieces(layout):
                    advance(read)
                    for name, kind in piece.misfits.items():
                        widened = True
                        self._types[name] = kind if self._types[name] != pa.string() else pa.string()
                    if not widened:
                        yield _batch(piece, layout.input.uri, row, position)
                    row += piece.records
                    position += piece.records
        if widened:
            raise StartOver

    def _pieces(self, layout: Layout) -> Iterator[tuple[Piece, float]]:
        """Yield what the blocks gave, in their order, with the packed bytes that were read for each."""
        threads = os.cpu_count() or 1
        waiting: deque[tuple[Future[Piece], float]] = deque()
        with layout.input.open() as file, ThreadPoolExecutor(threads) as pool:
            stream = utf8_stream(file, layout.encoding, name=layout.input.uri)
            _skip(stream, layout.dialect.header_bytes)
            done = 0
            try:
                for block in blocks(stream, layout.dialect, size=_BLOCK_BYTES):
                    waiting.append((pool.submit(self._read, block, layout.dialect), file.consumed - done))
                    done = file.consumed
                    while len(waiting) > threads:
                        future, read = waiting.popleft()
                        yield future.result(), read
                while waiting:
                    future, read = waiting.popleft()
                    yield future.result(), read
            finally:
                for future, _ in waiting:
                    future.cancel()

    def _read(self, block: Block, dialect: Dialect) -> Piece:
        fast = None if block.difficult or b"\0" in block.data.obj else self._read_fast(block, dialect)  # type: ignore[operator]
        return fast or self._read_exactly(block, dialect)

    def _read_fast(self, block: Block, dialect: Dialect) -> Piece | None:
        """Read a block with Arrow; None when something in it needs a closer look."""
        skipped: list[tuple[int, str, str]] = []
        types = {name: pa.string() if name in self._written else self._types[name] for name in dialect.columns}
        try:
            table = pacsv.read_csv(
                pa.BufferReader(block.data),
                read_options=pacsv.ReadOptions(
                    use_threads=False, block_size=len(block.data) + 1, column_names=dialect.columns
                ),
                parse_options=pacsv.ParseOptions(
                    delimiter=dialect.delimiter,
                    quote_char='"' if dialect.quoting else False,
                    newlines_in_values=dialect.quoting,
                    ignore_empty_lines=False,
                    invalid_row_handler=partial(_skip_row, skipped),
                ),
                convert_options=pacsv.ConvertOptions(
                    column_types=types,
                    strings_can_be_null=True,
                    null_values=self._nulls,
                    true_values=TRUE_WORDS,
                    false_values=FALSE_WORDS,
                ),
            )
        except pa.ArrowInvalid:
            return None
        if any("\n" in content or "\r" in content for _, _, content in skipped) or _has_empty_row(table):
            return None
        return self._piece(table, skipped)

    def _read_exactly(self, block: Block, dialect: Dialect) -> Piece:
        exact = read_exactly(block, dialect, len(dialect.columns))
        texts = zip(*exact.rows, strict=True) if exact.rows else ([] for _ in dialect.columns)
        nulls = set(self._nulls)
        columns = [
            pa.chunked_array([[None if text in nulls else text for text in column]], pa.string()) for column in texts
        ]
        return self._piece(pa.table(columns, names=list(dialect.columns)), exact.rejects)

    def _piece(self, table: pa.Table, rejects: list[tuple[int, str, str]]) -> Piece:
        """Bring a block's columns to the types of the source."""
        piece = Piece(table, {}, table.num_rows + len(rejects), rejects)
        columns: dict[str, pa.ChunkedArray] = {}
        for name in self._columns:
            kind = self._types[name]
            column = table[name] if name in table.column_names else pa.chunked_array([pa.nulls(len(table), kind)])
            if name in self._written:
                piece.as_written[name] = column
            if not column.type.equals(kind):
                fitting = typed(column, kind)
                if fitting is None:
                    piece.misfits[name] = wider(column, kind)
                column = pa.chunked_array([pa.nulls(len(table), kind)]) if fitting is None else fitting
            columns[name] = column
        piece.table = pa.table(columns)
        return piece

    def _texts(self, layout: Layout) -> pa.Table:
        """The first rows of a file, as texts."""
        dialect = layout.dialect
        exact = read_exactly(Block(memoryview(layout.sample), difficult=True), dialect, len(dialect.columns))
        rows, nulls = exact.rows[:_HEAD_ROWS], set(self._nulls)
        return pa.table(
            {
                name: pa.array([None if row[number] in nulls else row[number] for row in rows], pa.string())
                for number, name in enumerate(dialect.columns)
            }
        )

    def _type(self, name: str) -> pa.DataType:
        chunks = [chunk for head in self._heads if name in head.column_names for chunk in head[name].chunks]
        return type_of(pa.chunked_array(chunks, pa.string()))


def _layout(each: Input, options: SourceOptions) -> Layout | None:
    """How a file is written, by its first bytes; None when it is empty."""
    with each.open() as file:
        sample = file.read(_SAMPLE_BYTES)
        whole = len(sample) < _SAMPLE_BYTES
    encoding = find_encoding(sample, whole=whole, name=each.uri, asked=options.encoding)
    text = _decoded(sample, encoding, whole, each.uri)
    if not text.strip():
        return None
    dialect = find_dialect(
        text,
        whole=whole,
        tab=each.suffix in (".tsv", ".tab"),
        delimiter=options.delimiter,
        quoting=options.quoting,
        header=options.header,
    )
    data = text.encode("utf-8", "surrogateescape")[dialect.header_bytes :]
    if not whole:
        data = data[: max(data.rfind(b"\n"), data.rfind(b"\r")) + 1] or data
    return Layout(input=each, encoding=encoding, dialect=dialect, sample=data)


def _decoded(sample: bytes, encoding: Encoding, whole: bool, name: str) -> str:
    plain = sample[len(encoding.bom) :]
    if encoding.is_utf8:
        return plain.decode("utf-8", "surrogateescape")
    try:
        return plain.decode(encoding.name, "strict" if whole else "ignore")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{name} is not {encoding.name}: {error.reason} at byte {error.start}",
            hint="name the right one with --encoding",
        ) from None


def _columns(layouts: Sequence[Layout]) -> list[str]:
    """The columns of all files, in the order of their first appearance."""
    names = list(dict.fromkeys(name for layout in layouts for name in layout.dialect.columns))
    first, *others = layouts
    for other in others:
        if not set(first.dialect.columns) & set(other.dialect.columns):
            raise DataError(
                f"{other.input.uri} shares no column with {first.input.uri}: "
                f"{', '.join(other.dialect.columns)} against {', '.join(first.dialect.columns)}",
                hint="import them apart, or say --no-header when they have none",
            )
    return names


def _batch(piece: Piece, uri: str, row: int, position: int) -> Batch:
    places = pa.array(np.arange(1, piece.records + 1))
    if piece.rejects:
        gone = pa.array([place for place, _, _ in piece.rejects], pa.int64())
        places = places.filter(pc.invert(pc.is_in(places, gone)))
    return Batch(
        piece.table,
        [Reject(source=uri, row=row + place, reason=reason, content=shown) for place, reason, shown in piece.rejects],
        numbers=pc.add(places, position),
        as_written=piece.as_written,
    )


def _skip_row(skipped: list[tuple[int, str, str]], row: pacsv.InvalidRow) -> str:
    skipped.append((row.number, f"expected {row.expected_columns} fields, got {row.actual_columns}", row.text))
    return "skip"


def _has_empty_row(table: pa.Table) -> bool:
    """True when all columns of some row are missing: it may be an empty line, or may be a row of empty fields."""
    if any(column.null_count == 0 for column in table.columns):
        return False
    empty = None
    for column in table.columns:
        missing = pc.is_null(column)
        empty = missing if empty is None else pc.and_(empty, missing)
    return bool(pc.any(empty).as_py())


def _skip(stream: Any, count: int) -> None:
    while count:
        count -= len(stream.read(min(count, 1 << 20)))


def _nothing(rows: int) -> pa.ChunkedArray:
    return pa.chunked_array([pa.nulls(rows, pa.string())])


def _as(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    found = typed(texts, kind)
    return texts if found is None else found
