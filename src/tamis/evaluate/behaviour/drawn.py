"""Drawn rows: texts of a dataset for a behavioural test, the same for the same seed."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import UsageError
from tamis.data import Dataset


class Row(NamedTuple):
    """A text with the label that the dataset gives it."""

    text: str
    label: Any


def draw_rows(dataset: Dataset, split: str, *, rows: int, only: str | None, seed: int) -> list[Row]:
    """Return at most so many rows of a split (`all`: of the dataset) in the order of the dataset."""
    columns = [name for name in ("label", "split") if name in dataset.columns]
    if split != "all" and not dataset.manifest.split_counts.get(split):
        known = ", ".join(dataset.manifest.split_counts) or "none yet (`tamis data split`)"
        raise UsageError(f"{dataset.ref} has no rows in the split {split!r}. Splits: {known}; or `all`")
    places, start = [], 0
    for batch in dataset.batches(["text", *columns]):
        kept = pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(batch["text"]), ""), False)
        if split != "all":
            kept = pc.and_(kept, pc.fill_null(pc.equal(batch["split"], split), False))
        if only is not None and "label" in columns:
            kept = pc.and_(kept, _bears(batch["label"], only))
        places.append(start + np.flatnonzero(np.asarray(kept)))
        start += len(batch)
    found = np.concatenate(places) if places else np.zeros(0, np.int64)
    if len(found) > rows:
        found = np.sort(np.random.default_rng(seed).choice(found, rows, replace=False))
    return _read(dataset, found, with_label="label" in columns)


def _read(dataset: Dataset, places: Any, *, with_label: bool) -> list[Row]:
    drawn: list[Row] = []
    start = 0
    for batch in dataset.batches(["text", "label"] if with_label else ["text"]):
        here = places[(places >= start) & (places < start + len(batch))] - start
        part = batch.take(pa.array(here))
        texts = part["text"].to_pylist()
        labels = part["label"].to_pylist() if with_label else [None] * len(texts)
        drawn += map(Row, texts, labels)
        start += len(batch)
    return drawn


def _bears(labels: pa.Array, label: str) -> pa.Array:
    if not pa.types.is_nested(labels.type):
        return pc.fill_null(pc.equal(labels.cast(pa.string()), label), False)
    return pa.array([row is not None and label in row for row in labels.to_pylist()])
