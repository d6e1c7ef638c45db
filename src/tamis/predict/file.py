"""Predict a file: any source in, one row of predictions out for each of its rows, however often it is interrupted."""

from __future__ import annotations

import hashlib
import time
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from tamis.core import DataError, Progress, Silent, atomic_file, fingerprint
from tamis.data import Reject, RowReader
from tamis.predict.classifier import Classifier
from tamis.predict.full_disk import full_disk_told
from tamis.predict.parts import Part, Parts
from tamis.predict.rejects import write_rejects
from tamis.predict.rows import check_kept
from tamis.predict.table import check_target, prediction_table, write_predictions
from tamis.predict.window import Passed, Window, windows

PART_ROWS = 65_536
PART_SECONDS = 5.0
"""A part is written when it has so many rows, or took so long: what a kill can cost."""


@dataclass(frozen=True, kw_only=True)
class FileResult:
    """What became of a file's rows."""

    target: Path
    rows: int
    resumed: int
    """How many of them an earlier, interrupted run had done."""
    reasons: dict[str, int]
    """How many rows were decided (confident), and how many not, for which reason."""
    rejected: int
    rejects: Path | None
    """The rows that could not be read, with number and reason; None when there were none."""
    model: str
    engine: str


def predict_file(
    classifier: Classifier,
    reader: RowReader,
    target: Path,
    *,
    scores: bool = False,
    keep: Sequence[str] = (),
    progress: Progress = Silent(),
) -> FileResult:
    """Write the predictions of a source's rows to a .parquet, .jsonl or .csv file, in order, and tell how it went.

    The file appears whole. Until then what is done lies in a folder beside it, and the same call goes on from there
    after a kill or a full disk; rows or a model that changed make it start over. Memory does not grow with the source.
    """
    check_target(target)
    check_kept(reader, keep)
    parts = Parts(target)
    with full_disk_told(target, kept="beside it"), parts.held():
        done = parts.begin(_plan(classifier, reader, keep))
        while True:
            try:
                every = _predict(classifier, reader, parts, done, keep, progress)
                break
            except _Changed:
                parts.clear()
                done = []
        rows, rejects = sum(part.rows for part in every), [reject for part in every for reject in part.rejects]
        if rejects and not rows:
            first = "".join(f"\n  row {reject.row:,}: {reject.reason}" for reject in rejects[:5])
            parts.remove()
            raise DataError(f"no readable row in {reader.opened.uri}; {len(rejects):,} rejected{first}")
        kept = _write_rejects(target, rejects)
        _join(every, classifier, reader, target, scores=scores, keep=keep)
        parts.remove()
    return FileResult(
        target=target,
        rows=rows,
        resumed=sum(part.rows for part in done),
        reasons=dict(sum((Counter(part.reasons) for part in every), Counter()).most_common()),
        rejected=len(rejects),
        rejects=kept,
        model=classifier.bundle.name,
        engine=classifier.engine,
    )


class _Changed(Exception):
    """The source holds other rows than those that were predicted before."""


@dataclass
class _Open:
    """The part that is being filled."""

    tables: list[pa.Table] = field(default_factory=list)
    digest: Any = field(default_factory=lambda: hashlib.blake2b(digest_size=16))
    reasons: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)

    @property
    def full(self) -> bool:
        return self.rows >= PART_ROWS or time.monotonic() - self.since >= PART_SECONDS


def _predict(
    classifier: Classifier,
    reader: RowReader,
    parts: Parts,
    done: Sequence[Part],
    keep: Sequence[str],
    progress: Progress,
) -> list[Part]:
    """Predict what the parts that are there lack, and return all parts."""
    passed = Passed()
    source = windows(reader, keep=keep, passed=passed)
    skipped = sum(_skip(part, source) for part in done)
    every, current = list(done), _Open()
    on_their_way: deque[Window] = deque()

    def batches() -> Iterator[tuple[list[str], list[str | None]]]:
        for window in source:
            on_their_way.append(window)
            yield window.ids, window.texts

    def close() -> None:
        nonlocal current
        if current.tables:
            table = pa.concat_tables(current.tables)
            every.append(
                parts.add(
                    len(every),
                    table,
                    windows=len(current.tables),
                    digest=current.digest.hexdigest(),
                    reasons=dict(current.reasons),
                    rejects=current.rejects,
                )
            )
        current = _Open()

    stream = classifier.stream(batches())
    predictions = next(stream, None)
    with progress.track("predicting", total=passed.total, unit=passed.unit) as advance:
        advance(skipped)
        while predictions is not None:
            window = on_their_way.popleft()
            table = prediction_table(
                predictions,
                window.kept,
                outputs=classifier.labels,
                several=classifier.several,
            )
            if current.tables and table.schema != current.tables[0].schema:
                close()
            current.tables.append(table)
            current.digest.update(window.digest)
            current.reasons.update(each.reason for each in predictions)
            current.rejects += window.rejects
            current.rows += len(table)
            advance(window.share if passed.total is not None else len(table))
            if current.full:
                close()
            predictions = next(stream, None)
        close()
    return every


def _skip(part: Part, source: Iterator[Window]) -> float:
    """Pass over the rows of a part that is there, and return their share; _Changed when they are others now."""
    digest, share = hashlib.blake2b(digest_size=16), 0.0
    for _ in range(part.windows):
        window = next(source, None)
        if window is None:
            raise _Changed
        digest.update(window.digest)
        share += window.share
    if digest.hexdigest() != part.digest:
        raise _Changed
    return share


def _plan(classifier: Classifier, reader: RowReader, keep: Sequence[str]) -> dict[str, Any]:
    """What must be the same for parts to be of use; that the rows are is seen from the parts' digests."""
    return {
        "format": 1,
        "source": reader.opened.uri,
        "roles": reader.roles.schema.model_dump(mode="json", include={"text", "template", "id"}),
        "keep": list(keep),
        "model": fingerprint(classifier.bundle.manifest.model_dump(mode="json")),
        "engine": classifier.engine,
    }


def _join(
    every: Sequence[Part], classifier: Classifier, reader: RowReader, target: Path, *, scores: bool, keep: Sequence[str]
) -> None:
    if every:
        schema = every[-1].table().schema  # of a column whose type grew, the widest
    else:
        kept = reader.empty.select(list(keep))
        schema = prediction_table([], kept, outputs=classifier.labels, several=classifier.several).schema

    def tables() -> Iterator[pa.Table]:
        for part in every:
            yield part.table().cast(schema)

    with atomic_file(target) as file:
        write_predictions(tables, schema, file, suffix=target.suffix.lower(), scores=scores)


def _write_rejects(target: Path, rejects: Sequence[Reject]) -> Path | None:
    path = target.with_name(f"{target.stem}.rejects.csv")
    if not rejects:
        path.unlink(missing_ok=True)  # of an earlier input
        return None
    with atomic_file(path) as file:
        write_rejects(rejects, file)
    return path
