"""Run: a batch from its first shard, or the first that is missing, to the manifest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tamis import __version__
from tamis.core import DataError, Executor, Progress, Silent, fingerprint
from tamis.predict.batch.job import BatchJob
from tamis.predict.batch.shard import DoneShard, Key, Shard
from tamis.predict.batch.source import ShardSource
from tamis.predict.batch.target import MANIFEST, REJECTS, Target
from tamis.predict.batch.work import PredictShard
from tamis.predict.full_disk import full_disk_told

_START_ANEW = "--force removes all predictions and starts anew; or name another folder with -o"


@dataclass(frozen=True, kw_only=True)
class BatchResult:
    """What became of a batch."""

    target: str
    manifest: str
    files: int
    shards: int
    resumed_shards: int
    """How many of them an earlier run had done."""
    rows: int
    reasons: Mapping[str, int]
    """How many rows were decided (confident), and how many not, for which reason."""
    rejected: int
    rejects: str | None
    """The rows that could not be read; None when there were none."""
    model: str
    engine: str


def run_batch(job: BatchJob, executor: Executor, *, force: bool = False, progress: Progress = Silent()) -> BatchResult:
    """Write the predictions of all files of a source, a Parquet file for each shard, and tell how it went.

    Given again after a kill it goes on with the shards that are missing; those that are there are held against the
    source, and a row that changed since is an error, unless `force` starts anew. A file that cannot be read does not
    keep the others from being predicted, but there is no manifest then, and a DataError names it.
    """
    classifier = job.classifier()
    source, target = ShardSource(job, classifier.bundle.manifest.schema_), Target(job.target)
    plan = {
        "format": 1,
        "model": {
            "name": classifier.bundle.name,
            "fingerprint": fingerprint(classifier.bundle.manifest.model_dump(mode="json")),
            "engine": classifier.engine,
        },
        "columns": source.schema.model_dump(mode="json", include={"text", "template", "id"}),
        "keep": list(job.keep),
        "scores_as_columns": job.scores,
        "shard_rows": job.shard_rows,
    }
    with full_disk_told(job.target, kept="in it"):
        before = target.begin(plan, force=force)
        _check_files(before, source)
        every = _predict(job, executor, source, before, progress)
        if source.unreadable:
            raise DataError(
                f"{len(source.unreadable):,} of {len(source.files):,} files cannot be read{source.reasons()}",
                hint="the others are predicted; mend these or take them away, and give the same command again",
            )
        rejects = [reject for shard in every for reject in shard.rejects]
        reasons = dict(sum((Counter(shard.reasons) for shard in every), Counter[str]()).most_common())
        rows = sum(shard.rows for shard in every)
        whole = {"rows": rows, "rejected": len(rejects), "reasons": reasons, "files": _files(source, every)}
        shards = [shard.to_dict() for shard in every]
        target.finish({"tamis": __version__, "plan": plan, **whole, "shards": shards}, rejects)
    return BatchResult(
        target=target.uri,
        manifest=f"{target.uri}/{MANIFEST}",
        files=len(source.files),
        shards=len(every),
        resumed_shards=len(before),
        rows=rows,
        reasons=reasons,
        rejected=len(rejects),
        rejects=f"{target.uri}/{REJECTS}" if rejects else None,
        model=classifier.bundle.name,
        engine=classifier.engine,
    )


def _predict(
    job: BatchJob, executor: Executor, source: ShardSource, before: Mapping[Key, DoneShard], progress: Progress
) -> list[DoneShard]:
    """Predict the shards that are missing, and return all in the order of the source."""
    done: dict[Key, DoneShard] = {}
    shares: dict[Key, float] = {}
    order: list[Key] = []
    with progress.track("predicting", total=source.bytes, unit=source.unit) as advance:

        def missing() -> Iterator[Shard]:
            for shard in source.shards():
                order.append(shard.key)
                known = before.get(shard.key)
                share = source.share(shard)
                if known is None:
                    shares[shard.key] = share
                    yield shard
                    continue
                if known.digest != shard.digest:
                    raise DataError(
                        f"{shard.uri} changed after its rows from {known.first_row:,} on were predicted",
                        hint=_START_ANEW,
                    )
                done[shard.key] = known
                advance(share)

        for shard in executor.map_batches(PredictShard(job), missing()):
            done[shard.key] = shard
            advance(shares.pop(shard.key))
    if gone := [key for key in before if key not in done and key[0] not in source.unreadable]:
        raise DataError(f"{gone[0][0]} has fewer rows than were predicted", hint=_START_ANEW)
    return [done[key] for key in order]


def _check_files(before: Mapping[Key, DoneShard], source: ShardSource) -> None:
    """Raise a DataError at once where the sizes of files tell that the source changed."""
    sizes = {file.uri: file.bytes for file in source.files}
    for shard in before.values():
        if shard.uri not in sizes:
            raise DataError(f"{shard.uri} was predicted, and is no longer in the source", hint=_START_ANEW)
        if shard.source_bytes != sizes[shard.uri]:
            raise DataError(
                f"{shard.uri} changed after it was predicted: {shard.source_bytes:,} bytes then, "
                f"{sizes[shard.uri]:,} now",
                hint=_START_ANEW,
            )


def _files(source: ShardSource, every: list[DoneShard]) -> list[dict[str, Any]]:
    """What became of each file."""
    rows, rejected, shards = Counter[str](), Counter[str](), Counter[str]()
    for shard in every:
        rows[shard.uri] += shard.rows
        rejected[shard.uri] += len(shard.rejects)
        shards[shard.uri] += 1
    return [
        {
            "uri": file.uri,
            "bytes": file.bytes,
            "rows": rows[file.uri],
            "rejected": rejected[file.uri],
            "shards": shards[file.uri],
        }
        for file in source.files
    ]
