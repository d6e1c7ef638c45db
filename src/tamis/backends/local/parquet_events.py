"""ParquetEvents: the EventLog port as Parquet files in any Store, for servers without a disk of their own."""

from __future__ import annotations

import io
import json
import re
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from tamis.backends.local.event_json import to_json
from tamis.core import DataError, Store, plugins

_DAY_SECONDS = 24 * 60 * 60
_SEGMENT = re.compile(r"/date=[\d-]{10}/(\d{19})-(\d{19})-[0-9a-f]{8}\.parquet$")


class ParquetEvents:
    """Each `append` is one file `date=2026-11-21/FIRST-LAST-….parquet` with the columns `number` and `event` (JSON).

    A file appears whole and is never changed, so days can be copied, queried and removed with any tool. A number is the
    time in nanoseconds, or one more than the number before it. Several servers may share the folder; whoever follows
    such a log with `after` should then stay some seconds behind, for their clocks and writes differ by a little.
    """

    def __init__(self, target: str | Path) -> None:
        scheme = urlsplit(str(target)).scheme
        self._store: Store = plugins.load("store", scheme or "file")()
        self._folder = str(target).rstrip("/") if scheme else Path(target).absolute().as_uri()
        self._last: int | None = None

    def append(self, events: Sequence[Mapping[str, object]]) -> None:
        """Write events as one file; OSError when they cannot be stored now."""
        if self._last is None:  # the clock may have been set back since the last file, but not for days
            today = time.time()
            days = [self._day(today), self._day(today + _DAY_SECONDS)]
            self._last = max((last for day in days for _, last, _ in self._segments(day)), default=0)
        if not events:
            return
        first = max(self._last + 1, time.time_ns())
        last = first + len(events) - 1
        table = pa.table(
            {
                "number": pa.array(range(first, last + 1), pa.int64()),
                "event": pa.array([to_json(event) for event in events], pa.string()),
            }
        )
        content = io.BytesIO()  # so that writing is one call, and a fault of the disk nothing but an OSError
        pq.write_table(table, content, compression="zstd")
        self._last = last
        with self._store.write(
            f"{self._day(first / 1e9)}/{first:019d}-{last:019d}-{secrets.token_hex(4)}.parquet"
        ) as file:
            file.write(content.getbuffer())

    def sync(self) -> None:
        """Nothing is left to do: a file is on the disk, or with whoever keeps the bucket, when `append` returns."""

    def read(self, *, after: int = 0) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Yield (number, event) in order."""
        for _, last, uri in self._segments(self._folder):
            if last <= after:
                continue
            try:
                with self._store.read(uri) as file:
                    table = pq.read_table(io.BytesIO(file.read()), columns=["number", "event"])
            except pa.ArrowInvalid as error:
                raise DataError(f"{uri} is damaged: {error}", hint="move it away; the other files are whole") from error
            for number, event in zip(table["number"].to_pylist(), table["event"].to_pylist(), strict=True):
                if number > after:
                    yield number, json.loads(event)

    def close(self) -> None:
        """Nothing is held open."""

    def _day(self, seconds: float) -> str:
        return f"{self._folder}/date={datetime.fromtimestamp(seconds, UTC).date()}"

    def _segments(self, folder: str) -> list[tuple[int, int, str]]:
        """The first and last number of each file, and its address, in order; files of others are passed over."""
        found = [(_SEGMENT.search(unquote(file.uri)), file.uri) for file in self._store.list(folder)]
        return sorted((int(match[1]), int(match[2]), uri) for match, uri in found if match)
