"""Columns at a glance: for each column its type, what is missing, how many values, and which."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl

from tamis.core.document import ROLES
from tamis.data import Dataset

_BINS = 16


@dataclass(frozen=True)
class Column:
    """One column over all rows."""

    name: str
    role: str
    """Its role, when it plays one."""
    type: str
    missing: int
    distinct: int
    """Estimated, within about 2 %, above 10,000 values."""
    least: str
    middle: str
    most: str
    """Smallest, median and largest value of numbers and times; empty for others."""
    bins: tuple[int, ...]
    """A histogram of numbers from the least to the most."""
    common: tuple[tuple[str, int], ...]
    """The most frequent values of columns whose values repeat."""


def measure_columns(dataset: Dataset) -> tuple[Column, ...]:
    """Return every column of a dataset but the text, the label and the id, which have sections of their own."""
    scan = dataset.scan()
    schema = scan.collect_schema()
    return tuple(
        _column(scan, name, kind, dataset.rows) for name, kind in schema.items() if name not in ("text", "label", "id")
    )


def _column(scan: pl.LazyFrame, name: str, kind: pl.DataType, rows: int) -> Column:
    values = pl.col(name)
    if kind.is_nested():
        values = (
            values.cast(pl.List(pl.String)).list.join(", ")
            if isinstance(kind, pl.List)
            else values.struct.json_encode()
        )
    lazy = scan.select(values.alias("value"))
    few = rows <= 200_000
    counted = pl.col("value").n_unique() if few else pl.col("value").approx_n_unique()
    ranged = kind.is_numeric() or kind.is_temporal()
    query = [pl.col("value").null_count().alias("missing"), counted.alias("distinct")]
    if ranged:
        query += [
            pl.col("value").min().alias("least"),
            pl.col("value").quantile(0.5, interpolation="nearest").alias("middle"),
            pl.col("value").max().alias("most"),
        ]
    facts = lazy.select(query).collect(engine="streaming").row(0, named=True)
    distinct = int(facts["distinct"]) - (1 if facts["missing"] else 0)
    bins: tuple[int, ...] = ()
    common: tuple[tuple[str, int], ...] = ()
    if kind.is_numeric() and distinct > 12:
        bins = _bins(lazy, facts["least"], facts["most"])
    elif not kind.is_temporal() and distinct < max(0.5 * (rows - int(facts["missing"])), 13):
        common = _common(lazy)
    return Column(
        name=name,
        role=name if name in ROLES else "",
        type=str(kind),
        missing=int(facts["missing"]),
        distinct=distinct,
        least=_short(facts.get("least")),
        middle=_short(facts.get("middle")),
        most=_short(facts.get("most")),
        bins=bins,
        common=common,
    )


def _bins(lazy: pl.LazyFrame, least: float | None, most: float | None) -> tuple[int, ...]:
    if least is None or most is None or not (math.isfinite(least) and math.isfinite(most)) or least == most:
        return ()
    width = (most - least) / _BINS
    place = ((pl.col("value").cast(pl.Float64) - least) / width).floor().clip(0, _BINS - 1).cast(pl.Int32)
    counted = lazy.select(place.alias("place")).drop_nulls().group_by("place").len().collect(engine="streaming")
    found = np.zeros(_BINS, dtype=np.int64)
    for slot, count in counted.iter_rows():
        found[slot] = count
    return tuple(int(count) for count in found)


def _common(lazy: pl.LazyFrame) -> tuple[tuple[str, int], ...]:
    counted = (
        lazy.drop_nulls()
        .group_by(pl.col("value").cast(pl.String))
        .len()
        .sort(["len", "value"], descending=[True, False])
        .head(4)
        .collect(engine="streaming")
    )
    return tuple((str(value), int(count)) for value, count in counted.iter_rows())


def _short(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 10_000 else f"{value:,.0f}"
    if isinstance(value, int):
        return str(value) if 1000 <= value <= 2999 else f"{value:,}"
    return str(value).removesuffix(" 00:00:00")
