"""Texts that are there more than once within a split, exactly or nearly."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, as_rows, both_shown, counted, percent, shown


def check_duplicates(context: CheckContext) -> Iterable[Finding]:
    """Yield the later copies of texts; copies in different splits are the check `leakage`'s."""
    rows = context.copies.rows.join(
        pl.DataFrame({"row": context.frame["row"], "answer": context.answers.fill_null("\x00")}), on="row",
        maintain_order="left",
    )  # fmt: skip
    rows = rows.filter(~pl.col("row").is_in(context.oversampled.tolist())) if len(context.oversampled) else rows
    splits = context.splits
    # a row outside of every split is with others of its kind
    rows = rows.with_columns(
        split=pl.lit("") if splits is None else splits.fill_null("").gather(rows["row"].to_numpy() - 1)
    )
    yield from _exact(context, rows)
    yield from _near(context, rows)


def _exact(context: CheckContext, rows: pl.DataFrame) -> Iterable[Finding]:
    where = "" if context.splits is None else " of its split"
    later = rows.filter(pl.col("row") != pl.col("row").min().over("first", "split"))
    same = rows.filter(pl.col("row") != pl.col("row").min().over("first", "split", "answer"))
    short = pl.col("words") < context.settings.copy_words
    repeated, drop, recurring = later.filter(~short), same.filter(~short), later.filter(short)
    if drop.height:
        numbers, dropped = as_rows(repeated["row"].to_numpy()), as_rows(drop["row"].to_numpy())
        differ = repeated.height - drop.height
        yield Finding(
            kind="duplicates.exact", severity="warning", rows=numbers, share=context.share_of(numbers),
            title=f"{counted(len(numbers), 'text repeats', 'texts repeat')} an earlier row{where} word for word"
            + (f" ({differ:,} with another label)" if differ else ""),
            explanation="Copies make the model sure of what it saw often, and a score of what it could learn by heart."
            + (f" ({recurring.height:,} more of fewer than {context.settings.copy_words} words may well recur.)"
               if recurring.height else ""),
            samples=_samples(context, repeated),
            fix=Fix(name="duplicates", drop=dropped,
                    what=f"drop {counted(len(dropped), 'later copy', 'later copies')} with the same label"),
            details={"same_label": len(dropped)},
        )  # fmt: skip
    elif recurring.height:
        numbers = as_rows(recurring["row"].to_numpy())
        yield Finding(
            kind="duplicates.short", severity="note", rows=numbers, share=context.share_of(numbers),
            title=f"{counted(len(numbers), 'short text repeats', 'short texts repeat')} an earlier row{where}",
            explanation=f"Of fewer than {context.settings.copy_words} words: people write these again and again.",
            samples=_samples(context, recurring),
        )  # fmt: skip


def _near(context: CheckContext, rows: pl.DataFrame) -> Iterable[Finding]:
    families = rows.filter(pl.col("first").n_unique().over("kin", "split", "answer") > 1)
    later = families.filter(pl.col("first") != pl.col("first").min().over("kin", "split", "answer"))
    if not later.height:
        return
    numbers = as_rows(later["row"].to_numpy())
    share = context.share_of(numbers)
    pairs = context.copies.pairs.filter(pl.col("other").is_in(later["first"].implode())).unique(
        "other", keep="first", maintain_order=True
    )
    first = pairs.head(context.settings.shown_rows)
    threshold = context.features.near_duplicate_threshold  # of all words of both: 0.7 is 82 % of the words of each
    one, other = (context.texts_of(first[name].to_numpy()).to_list() for name in ("one", "other"))
    yield Finding(
        kind="duplicates.near", severity="warning" if share >= 0.05 else "note", rows=numbers, share=share,
        title=f"{counted(len(numbers), 'text is', 'texts are')} nearly the same as an earlier one, "
        f"with {percent(2 * threshold / (1 + threshold))} of their words in common or more",
        explanation="Templates, reposts, edits. They weigh as much as fresh texts and teach less.",
        samples=tuple("  ≈  ".join(both_shown(*pair)) for pair in zip(one, other, strict=True)),
        fix=Fix(name="near-duplicates", drop=numbers,
                what=f"keep the first of each family and label, drop {counted(len(numbers), 'row')}"),
    )  # fmt: skip


def _samples(context: CheckContext, rows: pl.DataFrame) -> tuple[str, ...]:
    most = (
        rows.group_by("first").len().sort(["len", "first"], descending=[True, False]).head(context.settings.shown_rows)
    )
    texts = context.texts_of(most["first"].to_numpy()).to_list()
    return tuple(f"×{times + 1} {shown(text, width=100)}" for times, text in zip(most["len"], texts, strict=True))
