"""Judged rows: the labelled rows of a dataset that can be judged, with what was left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError, LabelSet, Progress, UsageError
from tamis.data import Dataset
from tamis.evaluate.label_errors.folds import Numbers, join_units
from tamis.features import find_near_duplicates
from tamis.tasks import Task, task_for

MIN_ROWS = 5
"""A label with fewer rows cannot be told from an error."""

NO_SPLIT = "(none)"


@dataclass(frozen=True, kw_only=True)
class Judged:
    """The rows that can be judged."""

    task: Task
    """With the labels that can be judged."""
    numbers: npt.NDArray[np.int64]
    """Their row numbers in the dataset, from 1."""
    ids: list[str]
    texts: list[str]
    labels: list[Any]
    splits: list[str]
    units: Numbers
    """Rows of one unit are near-duplicates of each other, or of one group: they share a fold."""
    left_out: tuple[str, ...]
    """What was left out, in sentences."""

    def __len__(self) -> int:
        return len(self.numbers)


def read_judged(
    dataset: Dataset, *, parents: Mapping[str, str], threshold: float, folds: int, progress: Progress
) -> Judged:
    """Return the rows with a label and a text; DataError when nothing can be said of them."""
    kind = dataset.manifest.task
    if kind == "none":
        raise DataError(
            f"{dataset.ref} has no label column, so no label can be wrong",
            hint="import the source again and name it: `tamis data import SOURCE --label COLUMN`",
        )
    if kind == "spans":
        raise UsageError(f"{dataset.ref} marks spans of text; label errors are looked for in labels of whole texts")
    extra = [name for name in ("split", "group") if name in dataset.columns]
    table = dataset.table(["id", "text", "label", *extra])
    told = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(table["text"]), ""), False)
    known = pc.and_(table["label"].is_valid(), told)
    numbers = 1 + np.flatnonzero(np.asarray(known))
    left = [f"{len(table) - len(numbers):,} rows without a label or a text"] if len(numbers) < len(table) else []
    rows = table.filter(known)
    units = _units(rows, threshold, progress)
    kept, task, said = _labels(dataset, rows["label"].combine_chunks(), units, parents, folds)
    numbers, units, rows = numbers[kept], np.unique(units[kept], return_inverse=True)[1], rows.filter(pa.array(kept))
    labels = rows["label"].to_pylist()
    if kind == "multi_label":
        labels = [[name for name in row if name in task.label_set] for row in labels]
    splits = rows["split"].to_pylist() if "split" in extra else [None] * len(rows)
    return Judged(
        task=task,
        numbers=numbers,
        ids=rows["id"].cast(pa.string()).to_pylist(),
        texts=rows["text"].to_pylist(),
        labels=labels,
        splits=[split or NO_SPLIT for split in splits],
        units=units,
        left_out=(*left, *said),
    )


def _units(rows: pa.Table, threshold: float, progress: Progress) -> Numbers:
    clusters = find_near_duplicates(rows["text"], threshold=threshold, progress=progress).groups.astype(np.int64)
    if "group" not in rows.column_names:
        return np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    own = pc.binary_join_element_wise("row ", pa.array(map(str, range(len(rows)))), "")
    groups = pc.coalesce(rows["group"].cast(pa.string()).combine_chunks(), own)  # a row without group is its own
    return join_units(clusters, np.asarray(groups.dictionary_encode().indices).astype(np.int64))


def _labels(
    dataset: Dataset, labels: pa.Array, units: Numbers, parents: Mapping[str, str], folds: int
) -> tuple[npt.NDArray[np.bool_], Task, list[str]]:
    """Which rows and which labels can be judged: those that a fold's model can have learned."""
    kind = dataset.manifest.task
    several = kind == "multi_label"
    whole = task_for(kind, dataset.label_set, parents=dict(parents) or None)
    strata = whole.strata(labels)
    names = dataset.label_set.names
    width = len(names)
    rows = np.repeat(np.arange(len(strata)), strata.sizes)
    real = strata.codes < width
    pairs = np.unique(strata.codes[real].astype(np.int64) * (int(units.max(initial=0)) + 1) + units[rows[real]])
    in_units = np.bincount(pairs // (int(units.max(initial=0)) + 1), minlength=width)
    counts = np.bincount(strata.codes[real], minlength=width)
    enough = (counts >= MIN_ROWS) & (in_units >= 2)
    if several:
        enough &= len(labels) - counts >= MIN_ROWS
    if enough.sum() < (1 if several else 2) or len(labels) < 2 * folds:
        found = zip(names[:10], counts.tolist(), in_units.tolist(), strict=False)
        shown = ", ".join(f"{name} {count:,} ({apart:,} apart)" for name, count, apart in found)
        raise DataError(
            f"{dataset.ref} has too little to judge its labels by: it takes {2 * folds} rows and two labels with "
            f"{MIN_ROWS} rows each that are no copies of one another. Rows: {shown or 'none'}",
            hint="label more rows, or put rare labels together",
        )
    rare = [name for name, keep in zip(names, enough, strict=True) if not keep]
    kept = np.ones(len(labels), np.bool_)
    if not several:
        kept = enough[strata.codes]
    listed = ", ".join(map(repr, rare[:10])) + (f" and {len(rare) - 10} more" if len(rare) > 10 else "")
    said = [f"{listed}: fewer than {MIN_ROWS} rows apart, so nothing can be said of them"] if rare else []
    reduced = LabelSet(name for name, keep in zip(names, enough, strict=True) if keep)
    implied = {child: parent for child, parent in parents.items() if child in reduced and parent in reduced}
    return kept, task_for(kind, reduced, parents=implied or None), said
