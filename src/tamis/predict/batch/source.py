"""ShardSource: the files of a source, cut into shards that are the same ones each time."""

from __future__ import annotations

from collections.abc import Iterator

from tamis.core import DataError, Schema, UsageError
from tamis.data import RowReader, SourceFile, SourceOptions, source_files
from tamis.predict.batch.job import BatchJob
from tamis.predict.batch.shard import Shard
from tamis.predict.rows import check_kept, same_rows, text_rows
from tamis.predict.window import Passed, windows

SHARD_CHARACTERS = 64_000_000
"""A shard of long texts has fewer rows, so that it fits into memory several times."""


class ShardSource:
    """Reads the files of a job one after the other; the first one tells which columns are text and id in all."""

    def __init__(self, job: BatchJob, trained: Schema) -> None:
        self._job = job
        self.files = source_files(job.source, kind=job.kind, options=SourceOptions(cache=job.cache))
        self.unreadable: dict[str, str] = {}
        """Files that cannot be read, and why."""
        self.schema = self._first_schema(trained)

    def shards(self) -> Iterator[Shard]:
        """Yield all shards, in the order of the files and of their rows."""
        for file in self.files:
            if file.uri not in self.unreadable:
                yield from self._shards_of(file)

    @property
    def bytes(self) -> int | None:
        """How large the files are; None where that is not known."""
        sizes = [file.bytes for file in self.files]
        return None if None in sizes else sum(size or 0 for size in sizes)

    @property
    def unit(self) -> str:
        """What `share` counts."""
        return "rows" if self.bytes is None else "B"

    def share(self, shard: Shard) -> float:
        """Return how much of the whole a shard is."""
        return len(shard.window.ids) if self.bytes is None else shard.window.share

    def _first_schema(self, trained: Schema) -> Schema:
        job = self._job
        for file in self.files:
            try:
                reader = text_rows(file.open(), trained, text=job.text, id_column=job.id_column)
            except DataError as error:
                if len(self.files) == 1:
                    raise
                self.unreadable[file.uri] = error.message
                continue
            check_kept(reader, job.keep)
            return reader.roles.schema
        raise DataError(f"none of the {len(self.files):,} files of {job.source} can be read{self.reasons()}")

    def _shards_of(self, file: SourceFile) -> Iterator[Shard]:
        try:
            row = 1
            reader = self._reader(file)
            cut = windows(
                reader,
                keep=self._job.keep,
                passed=Passed(),
                most_rows=self._job.shard_rows,
                most_characters=SHARD_CHARACTERS,
            )
            for number, window in enumerate(cut):
                yield Shard(uri=file.uri, number=number, source_bytes=file.bytes, first_row=row, window=window)
                row += len(window.ids)
        except (DataError, UsageError) as error:
            self.unreadable[file.uri] = error.message
        except FileNotFoundError:
            self.unreadable[file.uri] = "it is no longer there"

    def _reader(self, file: SourceFile) -> RowReader:
        reader = same_rows(file.open(), self.schema)
        check_kept(reader, self._job.keep)
        return reader

    def reasons(self, most: int = 5) -> str:
        """Return the first files that cannot be read with the reason, a line for each."""
        lines = [f"\n  {uri}: {reason}" for uri, reason in list(self.unreadable.items())[:most]]
        return "".join(lines) + ("\n  …" if len(self.unreadable) > most else "")
