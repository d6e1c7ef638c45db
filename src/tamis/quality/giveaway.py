"""Giveaways: how well something other than the text predicts the label, on rows that were held out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

_LEAST_ROWS = 20
_BINS = 30
_LEAST_DEVIATIONS = 4.0


@dataclass(frozen=True, kw_only=True)
class Giveaway:
    """How well the rule 'answer with the commonest label of that value' does."""

    rows: int
    accuracy: float
    majority: float
    """What always answering with the commonest label would reach."""
    examples: tuple[str, ...]
    """The most telling values: `'subtask_b' is 'TIN': always 'OFF' (1,203 rows)`."""

    @property
    def gain(self) -> float:
        """The share of the majority guess's errors that the rule mends."""
        return (self.accuracy - self.majority) / (1 - self.majority) if self.majority < 1 else 0.0

    @property
    def deviations(self) -> float:
        """How many standard deviations the accuracy lies above what guessing would reach by luck."""
        spread = (self.majority * (1 - self.majority) / self.rows) ** 0.5
        return (self.accuracy - self.majority) / spread if spread else 0.0

    def tells(self, *, gain: float) -> bool:
        """Return whether it mends that share of the errors, and not by luck in a few rows."""
        return self.gain >= gain and self.deviations >= _LEAST_DEVIATIONS


def giveaway(values: pl.Series, answers: pl.Series) -> Giveaway | None:
    """Return how far `values` give `answers` away; None where too few rows, or too many values, allow no judgement.

    Each row is judged by the other half of the rows, so a column of unique values predicts nothing.
    """
    frame = pl.DataFrame({"value": values.cast(pl.String).fill_null("∅"), "answer": answers}).drop_nulls("answer")
    if frame.height < _LEAST_ROWS or frame["answer"].n_unique() < 2:
        return None
    if not 2 <= frame["value"].n_unique() <= max(2, frame.height // 4):
        return None
    # halves by a fixed shuffle: neighbours in the file may be copies of each other
    half = np.random.default_rng(0).permutation(frame.height) % 2 == 0
    frame = frame.with_columns(half=pl.Series(half))
    right = 0
    for judged in (True, False):
        taught = frame.filter(pl.col("half") != judged)
        commonest = _commonest(taught)
        fallback = taught["answer"].mode().sort()[0]
        asked = frame.filter(pl.col("half") == judged).join(commonest, on="value", how="left")
        right += int((asked["guess"].fill_null(fallback) == asked["answer"]).sum())
    counts = frame["answer"].value_counts()["count"]
    majority = int(counts.max()) / frame.height  # type: ignore[arg-type]
    return Giveaway(rows=frame.height, accuracy=right / frame.height, majority=majority, examples=_examples(frame))


def binned(numbers: pl.Series) -> pl.Series:
    """Return numbers as names of ranges that hold equally many rows; few distinct numbers stay as they are."""
    if numbers.n_unique() <= _BINS:
        return numbers.cast(pl.String)
    ranks = numbers.rank("ordinal").cast(pl.Int64) - 1
    bins = ranks * _BINS // max(1, len(numbers) - numbers.null_count())
    edges = pl.DataFrame({"bin": bins, "number": numbers}).group_by("bin").agg(
        low=pl.col("number").min(), high=pl.col("number").max()
    )  # fmt: skip
    named = pl.DataFrame({"bin": bins}).join(edges, on="bin", how="left", maintain_order="left")
    return named.select(pl.format("{} to {}", "low", "high")).to_series()


def _commonest(frame: pl.DataFrame) -> pl.DataFrame:
    counts = frame.group_by("value", "answer").len().sort(["value", "len", "answer"], descending=[False, True, False])
    return counts.group_by("value", maintain_order=True).agg(guess=pl.col("answer").first(), rows=pl.col("len").sum())


def _examples(frame: pl.DataFrame) -> tuple[str, ...]:
    purity = (
        frame.group_by("value", "answer").len()
        .sort(["len", "answer"], descending=[True, False])
        .group_by("value", maintain_order=True)
        .agg(pl.col("answer").first(), share=pl.col("len").first() / pl.col("len").sum(), rows=pl.col("len").sum())
        .filter(pl.col("share") >= 0.9).sort(["rows", "value"], descending=[True, False]).head(4)
    )  # fmt: skip
    return tuple(
        f"{'empty' if value == '∅' else repr(value)} → {answer!r} ({share:.0%} of {rows:,} rows)"
        for value, answer, share, rows in purity.iter_rows()
    )
