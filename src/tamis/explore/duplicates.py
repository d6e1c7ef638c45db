"""Duplicates: texts that stand there more than once, exactly or nearly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
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
    alone = alone.unique(pl.col("text").str.strip_chars(), keep="first", maintain_order=True)
    few = Rows(rows.name, rows.task, rows.labels, alone, rows.everything, rows.total).some(near_rows, seed=seed)
    found = find_near_duplicates(few.frame["text"], threshold=threshold, progress=progress)
    return Repeats(
        extra=int(counted["rows"].sum()) - counted.height,
        groups=counted.height,
        contradictions=contradictions,
        examples=examples,
        near_rows=int((found.group_sizes() > 1).sum()),
        near_groups=len(np.unique(found.groups[found.group_sizes() > 1])),
        near_looked_at=few.frame.height,
        threshold=threshold,
        pairs=_pairs(few.frame, found.pairs, found.similarity, most),
    )


def _examples(rows: Rows, counted: pl.DataFrame, most: int) -> tuple[tuple[Repeated, ...], int]:
    """Return the texts that occur most often in the measured rows, and how many have rows that disagree."""
    text = pl.col("text").str.strip_chars()
    repeated = rows.frame.select("row", text, *(["label"] if rows.places else [])).filter(
        text.hash(seed=0).is_in(counted["hash"].implode())
    )
    if repeated.is_empty():
        return (), 0
    label = _label_words(repeated)
    groups = (
        repeated.select("row", "text", label.alias("label"))
        .group_by("text")
        .agg(pl.len().alias("rows"), pl.col("label").unique().drop_nulls().sort().alias("labels"), pl.col("row").min())
        .filter(pl.col("rows") > 1)
        .sort(["rows", "row"], descending=[True, False])
    )
    examples = tuple(
        Repeated(text, count, () if rows.task == "spans" else tuple(labels))
        for text, count, labels in groups.head(most).select("text", "rows", "labels").iter_rows()
    )
    return examples, int((groups["labels"].list.len() > 1).sum())


def _label_words(frame: pl.DataFrame) -> pl.Expr:
    """Return each row's label as one word, to compare rows by."""
    if "label" not in frame.columns:
        return pl.lit(None, dtype=pl.String)
    kind = frame.schema["label"]
    if not isinstance(kind, pl.List):
        return pl.col("label").cast(pl.String)
    if isinstance(kind.inner, pl.Struct):
        return pl.col("label").list.eval(pl.element().struct.json_encode()).list.join(" ")
    return pl.col("label").list.sort().list.join(" + ")


def _pairs(
    frame: pl.DataFrame, pairs: npt.NDArray[np.int64], similarity: npt.NDArray[np.float32], most: int
) -> tuple[NearPair, ...]:
    """Return a spread of examples from the most to the least alike, each row shown once."""
    order = np.argsort(-np.asarray(similarity), kind="stable")
    found: list[NearPair] = []
    seen: set[int] = set()
    for place in order:
        first, second = (int(row) for row in pairs[place])
        if first in seen or second in seen:
            continue
        seen |= {first, second}
        texts, ids = frame["text"], frame["id"]
        found.append(NearPair(texts[first], texts[second], str(ids[first]), str(ids[second]), float(similarity[place])))
    if len(found) <= most:
        return tuple(found)
    return tuple(found[round(step * (len(found) - 1) / (most - 1))] for step in range(most))
