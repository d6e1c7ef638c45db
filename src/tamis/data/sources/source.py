"""Source: what every reader gives: a few rows to guess roles from, then all rows in batches with the rejected ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import pyarrow as pa

from tamis.core import Progress, Schema, Silent


@dataclass(frozen=True, kw_only=True)
class Reject:
    """A row that could not be read."""

    source: str
    row: int
    """Its number in that source; the first row of data is 1, a header does not count."""
    reason: str
    content: str = ""


@dataclass(frozen=True)
class Batch:
    """The next rows, in order, and what had to be rejected among them."""

    table: pa.Table
    rejects: Sequence[Reject] = ()
    numbers: pa.Array | None = None
    """The rows' numbers among all rows of the source, rejected ones included; None: they follow those before."""
    as_written: Mapping[str, pa.ChunkedArray] = field(default_factory=dict)
    """The exact texts of the columns that `keep_as_written` named."""


class Source(Protocol):
    """Rows with the source's own column names. Every batch has the same columns and types."""

    uri: str
    kind: str
    """csv, jsonl, parquet, pdf…"""

    @property
    def options(self) -> Mapping[str, Any]:
        """What was detected or asked for (delimiter, quoting, encoding…): shown to the user and saved with the data."""
        ...

    @property
    def schema(self) -> Schema | None:
        """The roles, where the format itself says them (fastText, CoNLL, PDF); None: guess them."""
        ...

    def head(self) -> pa.Table:
        """Return the first rows (at most 1,000), typed as `batches` types them."""
        ...

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield all rows in order, in flat memory."""
        ...


@runtime_checkable
class KeepsWriting(Protocol):
    """A source of text files, which can also give columns as they were written (`4.0`, `True`, `1e3`)."""

    def keep_as_written(self, columns: Sequence[str]) -> None:
        """Ask for the exact texts of these columns beside their typed values."""
        ...


class StartOver(Exception):
    """Raised by `batches` when a late row does not fit a column's type: the types are widened now, read again."""


def first_rows(source: Source, columns: pa.Schema, *, most: int = 1000) -> pa.Table:
    """Return the first rows that a source's batches hold, for sources without a quicker way to them."""
    found, rows = [columns.empty_table()], 0
    for batch in source.batches(Silent()):
        found.append(batch.table.slice(0, most - rows))
        rows += len(found[-1])
        if rows >= most:
            break
    return pa.concat_tables(found)
