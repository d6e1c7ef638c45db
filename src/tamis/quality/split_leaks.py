"""Splits by group or by time that leak: one author in two splits, yesterday learned to predict the day before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, as_rows, counted, percent
from tamis.quality.splits import is_train, standing

_LOOKS_SORTED = 0.95


def check_split_leaks(context: CheckContext) -> Iterable[Finding]:
    """Yield the groups that stand in several splits, and the rows that are newer than what they are tested on."""
    if context.splits is None or context.splits.drop_nulls().n_unique() < 2:
        return
    made_by = _made_by(context.dataset.manifest.notes)
    if "group" in context.frame.columns:
        yield from _groups(context, promised=made_by == "group")
    if "time" in context.frame.columns:
        yield from _times(context, promised=made_by == "time")


def _groups(context: CheckContext, *, promised: bool) -> Iterable[Finding]:
    rows = context.frame.select("row", pl.col("group").cast(pl.String), "split").drop_nulls()
    shared = rows.filter(pl.col("split").n_unique().over("group") > 1)
    groups, all_groups = shared["group"].n_unique(), rows["group"].n_unique()
    # one group for each row or one for all says nothing
    if not groups or all_groups < 2:
        return
    numbers = as_rows(shared["row"].to_numpy())
    largest = shared["group"].value_counts(sort=True).head(context.settings.shown_rows)
    yield Finding(
        kind="split_leaks.group",
        severity="error" if promised else "warning",
        rows=numbers,
        share=context.share_of(numbers),
        title=f"{counted(groups, 'group stands', 'groups stand')} in more than one split "
        f"({percent(groups / all_groups)} of {counted(all_groups, 'group')})",
        explanation=(
            "The split was made by group, so this should not be. Split again: `tamis data split --by group`."
            if promised
            else "Will the model meet new groups in use? Then the score is too good: `tamis data split --by group`."
        ),
        samples=tuple(f"{group} ({counted(rows, 'row')})" for group, rows in largest.iter_rows()),
        details={"groups": groups, "all_groups": all_groups},
    )


def _times(context: CheckContext, *, promised: bool) -> Iterable[Finding]:
    rows = context.frame.select("row", when=_moment(context.frame["time"]), split=context.splits).drop_nulls()
    names = sorted(rows["split"].unique(), key=standing)
    learned = rows.filter(pl.col("split").is_in([name for name in names if is_train(name)]))
    asked = rows.filter(~pl.col("split").is_in([name for name in names if is_train(name)]))
    if not learned.height or not asked.height:
        return
    oldest = asked["when"].min()
    newer = learned.filter(pl.col("when") > oldest)
    if not newer.height or not (promised or _in_order(learned["when"], asked["when"])):
        return  # a split at random is no promise about time
    numbers = as_rows(newer["row"].to_numpy())
    yield Finding(
        kind="split_leaks.time",
        severity="error" if promised else "warning",
        rows=numbers,
        share=context.share_of(numbers),
        title=f"{counted(len(numbers), 'row', 'rows')} to learn from {'is' if len(numbers) == 1 else 'are'} newer than "
        f"the oldest row to be tested on ({str(oldest)[:10]})",
        explanation="The split is by time, yet the model would see the future: `tamis data split --by time`.",
        details={"oldest_tested": str(oldest), "newest_learned": str(learned["when"].max())},
    )


def _moment(times: pl.Series) -> pl.Series:
    """The times as something that can be compared: dates where they are, numbers, else the words as they stand."""
    if times.dtype != pl.String:
        return times
    parsed = times.str.to_datetime(strict=False, time_zone="UTC") if len(times) else times
    return parsed if parsed.null_count() == times.null_count() else times


def _in_order(learned: pl.Series, asked: pl.Series) -> bool:
    """Whether nearly every row to learn from is older than nearly every row to be tested on."""
    ranks = pl.concat([learned, asked]).rank("average").to_numpy()
    above = ranks[len(learned) :].sum() - len(asked) * (len(asked) + 1) / 2
    return float(np.divide(above, len(learned) * len(asked))) >= _LOOKS_SORTED


def _made_by(notes: dict[str, Any]) -> str:
    split = notes.get("split")
    return str(split.get("by", "")) if isinstance(split, dict) else ""
