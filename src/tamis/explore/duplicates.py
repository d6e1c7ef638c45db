"""Duplicates: texts that stand there more than once, exactly or nearly."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from tamis.core import Progress
from tamis.explore.rows import Rows
from tamis.features import find_near_duplicates


@dataclass(frozen=True)
class Repeated:
    """One text and how often it stands there."""

    text: str
    rows: int
    labels: tuple[str, ...]
    """The different labels it was given."""


@dataclass(frozen=True)
class NearPair:
    """Two rows that are almost the same."""

    first: str
    second: str
    first_id: str
    second_id: str
    similarity: float


@dataclass(frozen=True)
class Repeats:
    """How much of the data is repetition."""

    extra: int
    """Rows whose very text stands in an earlier row already, over all rows."""
    groups: int
    """Different texts that occur more than once."""
    contradictions: int
    """Of these, texts whose rows do not agree about the label."""
    examples: tuple[Repeated, ...]
    near_rows: int
    """Rows that have a near-duplicate which is not an exact one."""
    near_groups: int
    near_looked_at: int
    """Rows among which near-duplicates were sought."""
    threshold: float
    pairs: tuple[NearPair, ...]


def measure_repeats(
    rows: Rows, *, threshold: float, near_rows: int, seed: int, progress: Progress, most: int = 6
) -> Repeats:
    """Return the exact duplicates among all rows and the near ones among at most `near_rows` rows."""
    hashed = rows.everything.select(pl.col("text").cast(pl.String).str.strip_chars().alias("text"))
    counted = (
        hashed.filter(pl.col("text").str.len_bytes() > 0)
        .group_by(pl.col("text").hash(seed=0).alias("hash"))
        .agg(pl.len().alias("rows"))
        .filter(pl.col("rows") > 1)
        .collect(engine="streaming")
    )
    examples, contradictions = _examples(rows, counted, most)
    # exact repeats are known by now; without them the near ones are found faster and stand out
    alone = rows.frame.filter(pl.col("text").str.strip_chars().str.len_bytes() > 0)
    alone = alone.unique("text", keep="first", maintain_order=True)
    few = Rows(rows.name, rows.task, rows.labels, alone, rows.everything, rows.total).some(near_rows, seed=seed)
    found = find_near_duplicates(few.frame["text"], threshold=threshold, progress=progress)
    return Repeats(
        extra=int(counted["rows"].sum()) - counted.height,
        groups=counted.height,
        contradictions=contradictions,
        examples=examples,
        near_rows=sum(len(group) for group in found.groups),
        near_groups=len(found.groups),
        near_looked_at=few.frame.height,
        threshold=threshold,
        pairs=_pairs(few.frame, found.pairs, found.similarity, most),
    )
