"""Leakage: rows to learn from that copy rows to be tested on."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, as_rows, both_shown, counted, shown
from tamis.quality.splits import is_train, standing


def check_leakage(context: CheckContext) -> Iterable[Finding]:
    """Yield the rows that have a copy, exact or near, in a split that stands above theirs."""
    splits = context.splits
    if splits is None or splits.drop_nulls().n_unique() < 2:
        return
    sizes = dict(splits.drop_nulls().value_counts(name="rows").iter_rows())
    # what is tested on stays; of two equals the larger one gives way
    order = sorted(sizes, key=lambda name: (standing(name), -sizes[name], name))
    rows = context.copies.rows
    rows = rows.with_columns(split=splits.gather(rows["row"].to_numpy() - 1)).drop_nulls("split")
    rows = rows.with_columns(rank=pl.col("split").replace_strict(order, range(len(order)), return_dtype=pl.Int64))
    exact = _below(rows, _top(rows, by="first"), by="first")
    short = pl.col("words") < context.settings.copy_words
    bags = _top(rows, by="bag")
    pairs = context.copies.pairs.filter(pl.col("similarity") < 1).drop("similarity")
    both = pl.concat([pairs, pairs.select(one="other", other="one")])
    beside = both.join(bags, left_on="other", right_on="bag").select("rank", "row", bag="one")
    near = _below(rows, _top(pl.concat([beside, bags.select(beside.columns)]), by="bag"), by="bag")
    near = near.join(exact, on="row", how="anti")
    yield from _finding(context, exact.filter(~short), order, kind="leakage.exact", how="word for word")
    yield from _finding(context, near, order, kind="leakage.near", how="almost word for word")
    recurring = exact.filter(short)
    if recurring.height:
        numbers = as_rows(recurring["row"].to_numpy())
        yield Finding(
            kind="leakage.short", severity="warning", rows=numbers, share=context.share_of(numbers),
            title=f"{counted(len(numbers), 'short text recurs', 'short texts recur')} in another split "
            f"({_where(recurring, order)})",
            explanation=f"Of fewer than {context.settings.copy_words} words: perhaps no copies, yet free points.",
            samples=_samples(context, recurring),
            fix=_fix("short-leakage", recurring),
        )  # fmt: skip


def _top(rows: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """For each text, the row with it in the split that stands highest."""
    return rows.sort("rank", "row").group_by(by, maintain_order=True).agg(pl.col("rank", "row").last())


def _below(rows: pl.DataFrame, top: pl.DataFrame, *, by: str) -> pl.DataFrame:
    """The rows whose text is known to a split that stands above theirs, with that split's `rank_right, row_right`."""
    return rows.join(top, on=by, suffix="_right", maintain_order="left").filter(pl.col("rank") < pl.col("rank_right"))


def _finding(
    context: CheckContext, leaking: pl.DataFrame, order: list[str], *, kind: str, how: str
) -> Iterable[Finding]:
    if not leaking.height:
        return
    numbers = as_rows(leaking["row"].to_numpy())
    tested = leaking["row_right"].n_unique()
    learned = any(is_train(order[rank]) for rank in leaking["rank"].unique())
    yield Finding(
        kind=kind,
        severity="error" if learned else "warning",
        rows=numbers,
        share=context.share_of(numbers),
        title=f"{counted(len(numbers), 'row copies', 'rows copy')} {counted(tested, 'row')} of another split {how} "
        f"({_where(leaking, order)})",
        explanation="The model would know part of the test by heart, and the score would be too good.",
        samples=_samples(context, leaking),
        fix=_fix("leakage" if kind == "leakage.exact" else "near-leakage", leaking),
        details={"rows_tested_on": tested},
    )


def _fix(name: str, leaking: pl.DataFrame) -> Fix:
    per_split = leaking.group_by("split").len().sort("len", descending=True)
    listed = ", ".join(f"{rows:,} from {split!r}" for split, rows in per_split.iter_rows())
    return Fix(name=name, what=f"drop {listed}; what is tested on stays", drop=as_rows(leaking["row"].to_numpy()))


def _where(leaking: pl.DataFrame, order: list[str]) -> str:
    """`train → test: 4`."""
    counts = leaking.group_by("rank", "rank_right").len().sort("rank", "rank_right")
    return ", ".join(f"{order[low]} → {order[high]}: {rows:,}" for low, high, rows in counts.iter_rows())


def _samples(context: CheckContext, leaking: pl.DataFrame) -> tuple[str, ...]:
    first = leaking.sort("row").head(context.settings.shown_rows)
    mine, theirs = (context.texts_of(first[name].to_numpy()).to_list() for name in ("row", "row_right"))
    return tuple(
        f"row {row:,} = row {other:,}: {shown(text, width=100)}"
        if text == copy
        else f"row {row:,} ≈ row {other:,}: {'  ≈  '.join(both_shown(text, copy))}"
        for row, other, text, copy in zip(first["row"], first["row_right"], mine, theirs, strict=True)
    )
