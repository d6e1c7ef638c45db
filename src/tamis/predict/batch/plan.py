"""Plan: which shards a source will be cut into, without predicting any."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from tamis.core import Progress, Silent
from tamis.predict.batch.job import BatchJob
from tamis.predict.batch.source import ShardSource


@dataclass(frozen=True, kw_only=True)
class PlannedFile:
    """A file of the source, and what it will become."""

    uri: str
    bytes: int | None
    rows: int
    rejected: int
    shards: int
    unreadable: str | None
    """Why it cannot be read."""


def plan_batch(job: BatchJob, *, progress: Progress = Silent()) -> list[PlannedFile]:
    """Return the files of a job with their rows and shards; the source is read once, to count."""
    source = ShardSource(job, job.classifier().bundle.manifest.schema_)
    rows, rejected, shards = Counter[str](), Counter[str](), Counter[str]()
    with progress.track("counting", total=source.bytes, unit=source.unit) as advance:
        for shard in source.shards():
            rows[shard.uri] += len(shard.window.ids)
            rejected[shard.uri] += len(shard.window.rejects)
            shards[shard.uri] += 1
            advance(source.share(shard))
    return [
        PlannedFile(
            uri=file.uri,
            bytes=file.bytes,
            rows=rows[file.uri],
            rejected=rejected[file.uri],
            shards=shards[file.uri],
            unreadable=source.unreadable.get(file.uri),
        )
        for file in source.files
    ]
