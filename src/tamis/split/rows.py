"""Rows: what splitting needs to know of each row, as flat arrays; the texts stay on disk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.core import DataError, Progress, UsageError, did_you_mean
from tamis.data import Dataset
from tamis.features import find_near_duplicates
from tamis.split.draw import Draws, draws
from tamis.split.together import numbered
from tamis.tasks import Strata, task_for

NO_LABEL = "(no label)"
UNLABELLED = "(unlabelled)"


@dataclass(frozen=True)
class Rows:
    """The rows of a dataset, then those of its hold-out."""

    strata: Strata
    draws: Draws
    own: int
    """How many are the dataset's own."""

    def __len__(self) -> int:
        return len(self.draws)


def read_rows(dataset: Dataset, hold_out: Dataset | None, *, seed: int) -> Rows:
    """Return labels and draws of the rows, read in flat memory."""
    parts = [_read(dataset, dataset, seed=seed)]
    if hold_out is not None:
        parts.append(_read(hold_out, dataset, seed=seed))
    return Rows(
        strata=Strata.concat([strata for strata, _ in parts]),
        draws=np.concatenate([part for _, part in parts]),
        own=dataset.rows,
    )


def class_names(dataset: Dataset) -> tuple[str, ...]:
    """Return the names of the strata's numbers."""
    return (*dataset.label_set.names, NO_LABEL)


def read_clusters(
    dataset: Dataset, hold_out: Dataset | None, *, threshold: float, progress: Progress
) -> tuple[npt.NDArray[np.int64], int]:
    """Return the number of each row's cluster of near-duplicates, and how many comparisons were too many to make.

    A row that has no near-duplicate is a cluster of its own.
    """
    texts = [source.table(["text"])["text"] for source in (dataset, hold_out) if source is not None]
    whole = pa.chunked_array([chunk for text in texts for chunk in text.chunks], pa.string())
    found = find_near_duplicates(whole, threshold=threshold, progress=progress)
    return numbered(found.groups), found.left_out


def stored_column(dataset: Dataset, name: str, *, hint: str | None = None) -> str:
    """Return the stored name of a column that may be named as in the source."""
    if name in dataset.columns:
        return name
    source_names = {source: stored for stored, source in dataset.manifest.schema_.renamed.items()}
    if name in source_names and source_names[name] in dataset.columns:
        return source_names[name]
    known = [*dataset.columns, *source_names]
    listed = ", ".join(dataset.columns)
    raise UsageError(f"no column {name!r} in {dataset.ref}. Columns: {listed}.{did_you_mean(name, known)}", hint=hint)


def read_groups(dataset: Dataset, column: str) -> tuple[npt.NDArray[np.int64], int]:
    """Return the number of each row's group, and how many rows have none; each of those is a group of its own."""
    keys = np.empty(dataset.rows, dtype=np.uint64)
    start = missing = 0
    for batch in dataset.batches([column]):
        values = batch.column(0)
        part = draws(values.cast(pa.string()), seed=0, purpose="group")
        empty = np.asarray(values.is_null())
        alone = np.arange(start, start + len(values), dtype=np.uint64)
        keys[start : start + len(values)] = np.where(empty, alone, part | np.uint64(1 << 63))
        start += len(values)
        missing += int(empty.sum())
    return numbered(keys), missing


def _read(source: Dataset, labels_of: Dataset, *, seed: int) -> tuple[Strata, Draws]:
    columns = [name for name in ("id", "label") if name in source.columns]
    task = None if labels_of.manifest.task == "none" else task_for(labels_of.manifest.task, labels_of.label_set)
    strata, drawn, start = [], [], 0
    for batch in source.batches(columns or None):
        rows = batch.num_rows
        if task is not None and "label" in columns:
            try:
                strata.append(task.strata(batch.column("label")))
            except DataError as error:
                raise DataError(f"{source.ref}: {error}") from None
        else:
            strata.append(Strata(offsets=np.zeros(rows + 1, np.int64), codes=np.zeros(0, np.int32)))
        ids = batch.column("id") if "id" in columns else pa.array(np.arange(start, start + rows)).cast(pa.string())
        drawn.append(draws(ids, seed=seed, purpose="split"))
        start += rows
    return Strata.concat(strata), np.concatenate([np.zeros(0, np.uint64), *drawn])
