"""TrainingRows: the labelled rows that a model learns from or is judged on while it learns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import fingerprint
from tamis.data import Dataset
from tamis.features import Cleaner
from tamis.tasks import Task

_ROWS = 16_384


@dataclass(frozen=True, kw_only=True)
class TrainingRows:
    """Labelled rows in the order of the dataset: targets in memory, texts read when they are asked for.

    >>> from tamis.core import LabelSet
    >>> from tamis.tasks import SingleLabel
    >>> rows = TrainingRows.of(["a fine film", "a bore"], ["good", "bad"], SingleLabel(LabelSet(["bad", "good"])))
    >>> len(rows), rows.targets.tolist(), rows.texts[1]
    (2, [1, 0], 'a bore')
    """

    labels: pa.Array
    """As the dataset holds them; none is missing."""
    targets: npt.NDArray[Any]
    """What the task makes of them: what its loss takes."""
    fingerprint: str
    """Of the texts and their cleaning: what a cache of their tokens can be called."""
    read: Callable[[], Iterable[list[str]]]
    """Begins again at the first row and yields the texts as they came, in batches."""
    cleaner: Cleaner = field(default_factory=Cleaner)
    weights: npt.NDArray[np.float32] | None = None
    """How much each row counts; None: all alike."""
    unlabelled: int = 0
    """How many rows of the split were left out because nobody labelled them."""
    textless: int = 0
    """How many labelled rows were left out because they have no text."""

    def __len__(self) -> int:
        return len(self.targets)

    def batches(self) -> Iterator[list[str]]:
        """Yield the cleaned texts in order, some thousands at a time, in flat memory."""
        for batch in self.read():
            yield self.cleaner.clean_many(batch)

    @cached_property
    def texts(self) -> list[str]:
        """All cleaned texts, in memory."""
        return [text for batch in self.batches() for text in batch]

    @cached_property
    def raw_texts(self) -> list[str]:
        """All texts as they came, in memory: what a finished model is given, for it does its own cleaning."""
        return [text for batch in self.read() for text in batch]

    @classmethod
    def of(
        cls,
        texts: Sequence[str],
        labels: Any,
        task: Task,
        *,
        cleaner: Cleaner | None = None,
        weights: npt.NDArray[np.float32] | None = None,
    ) -> TrainingRows:
        """Return texts and labels that are in memory as rows; what has no label or no text is left out."""
        column = labels if isinstance(labels, pa.Array) else pa.array(labels)
        words = pa.array(texts, pa.string())
        known, told = column.is_valid(), _has_text(words)
        kept = pc.and_(known, told)
        cleaner, column, raw = cleaner or Cleaner(), column.filter(kept), words.filter(kept).to_pylist()
        return cls(
            labels=column,
            targets=_writable(task.encode(column)),
            fingerprint=fingerprint([raw, cleaner.spec]),
            read=lambda: (raw[start : start + _ROWS] for start in range(0, len(raw), _ROWS)),
            cleaner=cleaner,
            weights=None if weights is None else weights[np.asarray(kept)],
            unlabelled=_count(pc.invert(known)),
            textless=_count(pc.and_(known, pc.invert(told))),
        )


def read_rows(dataset: Dataset, split: str, task: Task) -> TrainingRows:
    """Return the labelled rows of one split of a dataset; their texts stay on disk."""
    weighted = "weight" in dataset.columns
    columns = ["text", "label", "split", *(["weight"] if weighted else [])]
    labels, weights, unlabelled, textless = [], [], 0, 0
    for batch in dataset.batches(columns):
        inside = _of_split(batch, split)
        known, told = inside["label"].is_valid(), _has_text(inside["text"])
        kept = pc.and_(known, told)
        labels.append(inside["label"].filter(kept))
        unlabelled += _count(pc.invert(known))
        textless += _count(pc.and_(known, pc.invert(told)))
        if weighted:
            weights.append(np.asarray(pc.fill_null(inside["weight"].filter(kept).cast(pa.float32()), 1.0)))
    whole = pa.concat_arrays(labels) if labels else pa.array([], pa.string())
    cleaner = Cleaner.from_spec(dataset.manifest.cleaning)
    return TrainingRows(
        labels=whole,
        targets=_writable(task.encode(whole)),
        fingerprint=fingerprint([dataset.manifest.fingerprint, split, cleaner.spec]),
        read=lambda: _texts(dataset, split),
        cleaner=cleaner,
        weights=np.concatenate(weights) if weighted and weights else None,
        unlabelled=unlabelled,
        textless=textless,
    )


def _texts(dataset: Dataset, split: str) -> Iterator[list[str]]:
    for batch in dataset.batches(["text", "label", "split"], rows=_ROWS):
        inside = _of_split(batch, split)
        kept = pc.and_(inside["label"].is_valid(), _has_text(inside["text"]))
        if texts := inside["text"].filter(kept).to_pylist():
            yield texts


def _of_split(batch: pa.RecordBatch, split: str) -> pa.RecordBatch:
    return batch.filter(pc.fill_null(pc.equal(batch["split"], split), False))


def _has_text(texts: pa.Array) -> pa.Array:
    return pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(texts), ""), False)


def _count(flags: pa.Array) -> int:
    return int(pc.sum(flags.cast(pa.int64())).as_py() or 0)


def _writable(targets: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers where torch may take them without a copy of its own."""
    return np.require(targets, requirements="W")
