"""Windows: the rows of a source, so many at a time that sorting them by length pays and memory stays flat."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from tamis.core.progress import Advance
from tamis.data import Reject, RowReader

WINDOW_ROWS = 2048
WINDOW_CHARACTERS = 8_000_000


@dataclass(frozen=True)
class Window:
    """Some rows in order: ids, texts, the columns that go through as they are, and what could not be read."""

    ids: list[str]
    texts: list[str | None]
    kept: pa.Table
    rejects: Sequence[Reject]
    share: float
    """How much of the source was read for it, in the unit of `Passed.total`."""

    @property
    def digest(self) -> bytes:
        """The hash of all that is in the rows: equal rows, equal digest."""
        columns = {"id": pa.array(self.ids, pa.string()), "text": pa.array(self.texts, pa.large_string())}
        hashed = hashlib.blake2b(digest_size=16)
        for table in (pa.table(columns), self.kept):
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as writer:
                writer.write_table(table.combine_chunks())
            hashed.update(sink.getvalue())
        hashed.update(repr([(reject.row, reject.reason) for reject in self.rejects]).encode("utf-8", "replace"))
        return hashed.digest()


class Passed:
    """A Progress that only remembers how far a source was read."""

    total: float | None = None
    unit = "rows"
    _fresh = 0.0

    @contextlib.contextmanager
    def track(self, what: str, *, total: float | None, unit: str) -> Iterator[Advance]:
        """Remember what the whole is."""
        self.total, self.unit = total, unit
        yield self._advance

    def _advance(self, amount: float) -> None:
        self._fresh += amount

    def take(self) -> float:
        """Return what was read since the last call."""
        fresh, self._fresh = self._fresh, 0.0
        return fresh


def windows(
    reader: RowReader,
    *,
    keep: Sequence[str] = (),
    passed: Passed | None = None,
    most_rows: int = WINDOW_ROWS,
    most_characters: int = WINDOW_CHARACTERS,
) -> Iterator[Window]:
    """Yield a source's rows in windows, which are the same ones each time the same source is read."""
    passed = passed or Passed()
    waiting: list[tuple[pa.Table, pa.Table]] = []
    rejects: list[Reject] = []
    rows = size = 0
    share = 0.0

    def cut() -> Window:
        nonlocal waiting, rejects, rows, size, share
        read = pa.concat_tables([table for table, _ in waiting])
        kept = pa.concat_tables([table for _, table in waiting])
        window = Window(read["id"].to_pylist(), read["text"].to_pylist(), kept, tuple(rejects), share)
        waiting, rejects, rows, size, share = [], [], 0, 0, 0.0
        return window

    for batch in reader.batches(passed):
        fresh = passed.take()
        rejects += batch.rejects
        table, others = batch.rows.select(["id", "text"]), batch.source.select(list(keep))
        if waiting and others.schema != waiting[0][1].schema:  # a late row gave a column a wider type
            yield cut()
        start = 0
        while start < len(table):
            piece = table.slice(start, most_rows - rows)
            lengths = pc.cumulative_sum(pc.fill_null(pc.binary_length(piece["text"]), 0).cast(pa.int64()))
            fits = pc.sum(pc.less_equal(lengths, most_characters - size).cast(pa.int64())).as_py()
            if not fits and rows:
                yield cut()
                continue
            count = max(1, fits)
            waiting.append((piece.slice(0, count), others.slice(start, count)))
            rows, size, start = rows + count, size + lengths[count - 1].as_py(), start + count
            share += fresh * count / len(table)
            if rows >= most_rows or size >= most_characters:
                yield cut()
        if not len(table):
            share += fresh
    if waiting or rejects:
        if not waiting:
            waiting.append((_nothing(["id", "text"]), _nothing([]) if not keep else reader.empty.select(list(keep))))
        yield cut()


def _nothing(names: Sequence[str]) -> pa.Table:
    return pa.table({name: pa.array([], pa.string()) for name in names})
