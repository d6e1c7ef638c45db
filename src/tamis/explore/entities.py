"""Entities: for span labels, the types, how often they occur, and the strings they mark most."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tamis.explore.rows import Rows


@dataclass(frozen=True)
class EntityType:
    """One type of entity."""

    label: str
    times: int
    distinct: int
    """Different strings, capitals ignored."""
    strings: tuple[tuple[str, int], ...]
    """The most frequent strings with their counts."""


@dataclass(frozen=True)
class Entities:
    """What the spans mark."""

    types: tuple[EntityType, ...]
    total: int


def measure_entities(rows: Rows, *, most: int) -> Entities | None:
    """Return the entities of a `spans` dataset, None for other tasks."""
    if rows.task != "spans":
        return None
    start, end = (pl.col("label").struct.field(name) for name in ("start", "end"))
    spans = (
        rows.frame.select("text", "label")
        .explode("label", empty_as_null=False, keep_nulls=False)
        .drop_nulls("label")
        .select(
            pl.col("label").struct.field("label").alias("type"),
            pl.col("text").str.slice(start, end - start).str.to_lowercase().alias("string"),
        )
    )
    counted = spans.group_by("type", "string").len().sort(["len", "string"], descending=[True, False])
    types = []
    for label in rows.labels:
        own = counted.filter(pl.col("type") == label)
        strings = tuple((string, count) for string, count in own.select("string", "len").head(most).iter_rows())
        types.append(EntityType(label, int(own["len"].sum()), own.height, strings))
    return Entities(tuple(types), spans.height)
