"""Groups: the largest, and whether knowing the group gives the label away."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tamis.explore.rows import Rows


@dataclass(frozen=True)
class Group:
    """One group: its rows, and how many of them have each label."""

    name: str
    rows: int
    labels: dict[str, int]


@dataclass(frozen=True)
class Groups:
    """How rows fall into groups."""

    groups: int
    groupless: int
    """Rows without a group."""
    median: int
    largest: tuple[Group, ...]
    one_class: int | None
    """Groups of two or more labelled rows that all have the same labels."""
    comparable: int | None
    """Groups of two or more labelled rows."""


def measure_groups(rows: Rows, *, most: int = 15) -> Groups | None:
    """Return the groups, or None when rows have no group."""
    if "group" not in rows.frame.columns:
        return None
    frame = rows.frame.select(pl.int_range(pl.len(), dtype=pl.UInt32).alias("place"), pl.col("group").cast(pl.String))
    counted = frame.drop_nulls("group").group_by("group").len().sort(["len", "group"], descending=[True, False])
    if counted.is_empty():
        return None
    mixed = rows.members.join(frame.drop_nulls("group"), on="place")
    top = counted.head(most)
    by_label = mixed.join(top, on="group").group_by("group", "label").len()
    labels: dict[str, dict[str, int]] = {}
    for group, label, count in by_label.iter_rows():
        labels.setdefault(group, {})[label] = count
    pure = _pure(mixed) if rows.labels else (None, None)
    return Groups(
        groups=counted.height,
        groupless=int(frame["group"].null_count()),
        median=int(counted["len"].quantile(0.5, interpolation="lower") or 0),
        largest=tuple(
            Group(name, count, {label: labels.get(name, {}).get(label, 0) for label in rows.labels})
            for name, count in top.iter_rows()
        ),
        one_class=pure[0],
        comparable=pure[1],
    )


def _pure(mixed: pl.DataFrame) -> tuple[int, int]:
    sets = mixed.group_by("place").agg(pl.col("group").first(), pl.col("label").sort().str.join("\x1f"))
    of_groups = (
        sets.group_by("group").agg(pl.len(), pl.col("label").n_unique().alias("kinds")).filter(pl.col("len") > 1)
    )
    return int((of_groups["kinds"] == 1).sum()), of_groups.height
