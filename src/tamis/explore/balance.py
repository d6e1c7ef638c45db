"""Class balance: how many rows each label has, in each split, and which labels come together."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tamis.explore.rows import Rows
from tamis.explore.sizes import split_order


@dataclass(frozen=True)
class ClassCount:
    """One label and its rows."""

    label: str
    rows: int
    share: float
    """Of the labelled rows; with several labels a row the shares add up to more than 1."""
    splits: dict[str, int]
    """Rows in each split, counted in the measured rows."""


@dataclass(frozen=True)
class Balance:
    """How evenly the labels are spread."""

    classes: tuple[ClassCount, ...]
    """In the label set's order."""
    ratio: float | None
    """Rows of the largest class for one row of the smallest; None when a class has no row."""
    smallest: str
    largest: str
    labels_per_row: dict[int, int]
    """How many rows have 0, 1, 2… labels; only for tasks with several labels a row."""
    together: tuple[tuple[str, str, int], ...]
    """Pairs of labels that share most rows."""


def measure_balance(rows: Rows, *, counts: dict[str, int], labelled: int) -> Balance | None:
    """Return the class balance, or None without labels; `counts` are each label's rows over the whole source."""
    if not rows.labels:
        return None
    if rows.task == "spans" or not counts:
        counts = dict(rows.members["label"].value_counts().iter_rows())
    by_split = _by_split(rows)
    classes = tuple(
        ClassCount(
            label=label,
            rows=counts.get(label, 0),
            share=counts.get(label, 0) / labelled if labelled else 0.0,
            splits=by_split.get(label, {}),
        )
        for label in rows.labels
    )
    order = sorted(classes, key=lambda entry: entry.rows)
    many = rows.task in ("multi_label", "spans")
    return Balance(
        classes=classes,
        ratio=order[-1].rows / order[0].rows if order[0].rows else None,
        smallest=order[0].label,
        largest=order[-1].label,
        labels_per_row=_labels_per_row(rows) if many else {},
        together=_together(rows) if many else (),
    )


def _by_split(rows: Rows) -> dict[str, dict[str, int]]:
    if "split" not in rows.frame.columns:
        return {}
    splits = rows.frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"), "split").drop_nulls()
    counted = rows.members.join(splits, on="place").group_by("label", "split").len()
    found: dict[str, dict[str, int]] = {}
    for label, split, count in sorted(counted.iter_rows(), key=lambda entry: split_order(str(entry[1]))):
        found.setdefault(label, {})[str(split)] = count
    return found


def _labels_per_row(rows: Rows) -> dict[int, int]:
    having = rows.members.group_by("place").len(name="labels")["labels"].value_counts()
    counted = {int(labels): int(count) for labels, count in having.iter_rows()}
    bare = rows.frame["label"].is_not_null().sum() - sum(counted.values())
    if bare:
        counted[0] = int(bare)
    return dict(sorted(counted.items()))


def _together(rows: Rows) -> tuple[tuple[str, str, int], ...]:
    pairs = (
        rows.members.join(rows.members, on="place", suffix="_other")
        .filter(pl.col("label") < pl.col("label_other"))
        .group_by("label", "label_other")
        .len()
        .sort(["len", "label", "label_other"], descending=[True, False, False])
        .head(10)
    )
    return tuple((first, second, count) for first, second, count in pairs.iter_rows())
