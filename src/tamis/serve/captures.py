"""Captures: what was kept, read back: counts, and a file of answers beside the labels that came later."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from tamis.core import EventLog, UsageError, Workspace, atomic_file, plugins
from tamis.serve.capture import FEEDBACK, PREDICTION
from tamis.serve.config import ServeSettings

if TYPE_CHECKING:
    import pyarrow as pa

_ROWS = 5000
Event = Mapping[str, Any]


def open_events(workspace: Workspace, settings: ServeSettings) -> EventLog:
    """Return the log in which the servers of a workspace keep their answers."""
    target = settings.capture_to or str(workspace.state / "captures" / "answers.sqlite")
    kind = "sqlite" if target.endswith(".sqlite") else "parquet"
    if not urlsplit(target).scheme:
        target = str(workspace.root / target)
    elif kind == "sqlite":
        raise UsageError(f"serve.capture_to: SQLite needs a plain path, not {target}", hint="name a folder there")
    log: EventLog = plugins.load("events", kind)(target)
    return log


@dataclass(kw_only=True)
class VersionCounts:
    """What one version of a model said."""

    route: str
    version: str
    shadow: bool
    answers: int = 0
    silent: int = 0
    fallbacks: int = 0
    labelled_later: int = 0
    agreeing: int = 0
    """Where what was said is what the label that came later says."""
    disagreeing: int = 0
    """Where something else was said; a silence is neither."""
    labels: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)


@dataclass(kw_only=True)
class CaptureCounts:
    """What a log holds."""

    versions: list[VersionCounts]
    feedback: int
    """Labels that came later; of several for one id the last counts."""
    feedback_without_answer: int
    """How many ids of them belong to no answer in the log."""


def count_captures(log: EventLog) -> CaptureCounts:
    """Return how often each version gave which label, for which reason it kept silent, and how it fared."""
    later = _LaterLabels(log)
    versions: dict[tuple[str, str, bool], VersionCounts] = {}
    for event in _answers(log):
        key = (event["route"], event["version"], event["shadow"])
        counts = versions.setdefault(key, VersionCounts(route=key[0], version=key[1], shadow=key[2]))
        said = _said(event["prediction"])
        counts.answers += 1
        _count(counts.reasons, event["prediction"]["reason"])
        counts.fallbacks += event["fallback"] is not None
        if said is None:
            counts.silent += 1
        else:
            for label in said:
                _count(counts.labels, label)
        truth = later.of(event)
        if truth is not None:
            counts.labelled_later += 1
            counts.agreeing += said == _said(truth)
            counts.disagreeing += said not in (None, _said(truth))
    ordered = [versions[key] for key in sorted(versions)]
    return CaptureCounts(versions=ordered, feedback=later.count, feedback_without_answer=later.without_answer)


def _count(counts: dict[str, int], name: str) -> None:
    counts[name] = counts.get(name, 0) + 1


@dataclass(frozen=True, kw_only=True)
class Exported:
    """What became of an export."""

    target: Path
    rows: int
    labelled_later: int
    feedback_without_answer: int


def export_captures(log: EventLog, target: Path) -> Exported:
    """Write each answer as a row, with the label that came later beside it; the file appears whole.

    An id may have got labels more than once, and then the last one counts.
    """
    writers: dict[str, Callable[[Iterator[dict[str, Any]], Path], int]] = {".parquet": _parquet, ".jsonl": _jsonl}
    if target.suffix not in writers:
        raise UsageError(f"what format is {target.name}?", hint="name a .parquet or a .jsonl file")
    later = _LaterLabels(log)
    labelled = 0

    def rows() -> Iterator[dict[str, Any]]:
        nonlocal labelled
        for event in _answers(log):
            truth = later.of(event)
            labelled += truth is not None
            yield _row(event, truth)

    written = writers[target.suffix](rows(), target)
    return Exported(target=target, rows=written, labelled_later=labelled, feedback_without_answer=later.without_answer)


def _answers(log: EventLog) -> Iterator[Event]:
    return (event for _, event in log.read() if event["kind"] == PREDICTION)


class _LaterLabels:
    """The labels that came later: of several for one id the last; one that names a model is for the id there."""

    def __init__(self, log: EventLog) -> None:
        self.count = 0
        self._last: dict[tuple[str, str | None], tuple[int, Event]] = {}
        for number, event in log.read():
            if event["kind"] == FEEDBACK:
                self._last[str(event["id"]), str(event["route"]) if event["route"] else None] = number, event
                self.count += 1
        self._unasked = set(self._last)

    def of(self, answer: Event) -> Event | None:
        """The label that came for an answer."""
        keys = [key for key in ((answer["id"], answer["route"]), (answer["id"], None)) if key in self._last]
        self._unasked.difference_update(keys)
        return max((self._last[key] for key in keys), key=lambda each: each[0])[1] if keys else None

    @property
    def without_answer(self) -> int:
        """How many ids no answer asked for, once all did."""
        return len({name for name, _ in self._unasked})


def _said(told: Event) -> frozenset[str] | None:
    labels = told.get("labels")
    if labels is None and told.get("label") is not None:
        labels = [told["label"]]
    return None if labels is None else frozenset(labels)


def _row(event: Event, truth: Event | None) -> dict[str, Any]:
    said, stepped, told = event["prediction"], event["fallback"] or {}, truth or {}
    return {
        **{name: event[name] for name in ("id", "time", "request_id", "route", "version")},
        "model": said["model"],
        "shadow": event["shadow"],
        "label": said.get("label"),
        "labels": said.get("labels"),
        **{name: said[name] for name in ("score", "scores", "reason")},
        "fallback": stepped.get("by"),
        "instead_of": stepped.get("instead_of"),
        **{name: event[name] for name in ("threshold", "text", "text_hash", "seconds", "metadata")},
        "true_label": told.get("label"),
        "true_labels": told.get("labels"),
        "true_source": told.get("source"),
        "true_time": told.get("time"),
    }


def _jsonl(rows: Iterator[dict[str, Any]], target: Path) -> int:
    count = 0
    with atomic_file(target) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _parquet(rows: Iterator[dict[str, Any]], target: Path) -> int:
    import pyarrow as pa

    from tamis.data import write_parquet

    schema = _schema()

    def plain(row: dict[str, Any]) -> dict[str, Any]:
        """The values as the columns hold them."""
        return {
            **row,
            "time": round(row["time"] * 1e6),
            "true_time": None if row["true_time"] is None else round(row["true_time"] * 1e6),
            "scores": list(row["scores"].items()),
            "instead_of": None if row["instead_of"] is None else json.dumps(row["instead_of"], ensure_ascii=False),
            "metadata": json.dumps(row["metadata"], ensure_ascii=False) if row["metadata"] else None,
        }

    def batches() -> Iterator[pa.RecordBatch]:
        while some := list(islice(rows, _ROWS)):
            yield pa.RecordBatch.from_pylist([plain(row) for row in some], schema)

    return write_parquet(pa.RecordBatchReader.from_batches(schema, batches()), target)


def _schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema(
        [
            ("id", pa.string()),
            ("time", pa.timestamp("us", "UTC")),
            ("request_id", pa.string()),
            ("route", pa.string()),
            ("version", pa.string()),
            ("model", pa.string()),
            ("shadow", pa.bool_()),
            ("label", pa.string()),
            ("labels", pa.list_(pa.string())),
            ("score", pa.float64()),
            ("scores", pa.map_(pa.string(), pa.float64())),
            ("reason", pa.string()),
            ("fallback", pa.string()),
            ("instead_of", pa.string()),
            ("threshold", pa.float64()),
            ("text", pa.string()),
            ("text_hash", pa.string()),
            ("seconds", pa.float64()),
            ("metadata", pa.string()),
            ("true_label", pa.string()),
            ("true_labels", pa.list_(pa.string())),
            ("true_source", pa.string()),
            ("true_time", pa.timestamp("us", "UTC")),
        ]
    )
