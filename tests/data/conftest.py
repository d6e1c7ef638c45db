"""What the tests of sources share: a function that reads a whole source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import pyarrow as pa
import pytest

from tamis.core import Silent
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.registry import open_source
from tamis.data.sources.source import Reject, Source


class Rows(NamedTuple):
    """All of a source."""

    source: Source
    table: pa.Table
    rejects: list[Reject]
    numbers: list[int | None]

    @property
    def rows(self) -> list[dict[str, Any]]:
        return self.table.to_pylist()


@pytest.fixture
def read() -> Callable[..., Rows]:
    """Reads a source to its end, and makes sure that its head and its batches agree."""

    def read_all(source: object, *, kind: str | None = None, **options: Any) -> Rows:
        opened = open_source(str(source), kind=kind, options=SourceOptions(**options))
        head = opened.head()
        batches = list(opened.batches(Silent()))
        assert all(batch.table.schema.equals(head.schema) for batch in batches)
        table = pa.concat_tables([head.slice(0, 0), *(batch.table for batch in batches)])
        assert str(head.to_pylist()) == str(table.slice(0, len(head)).to_pylist())  # NaN is not equal to itself
        numbers = [n for batch in batches for n in (batch.numbers or pa.nulls(len(batch.table))).to_pylist()]
        return Rows(opened, table, [reject for batch in batches for reject in batch.rejects], numbers)

    return read_all
