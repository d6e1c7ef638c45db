"""One text with several labels, word for word or nearly."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, Rows, as_rows, both_shown, counted, shown


def check_contradictions(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts on which the labels disagree."""
    if context.answers.drop_nulls().n_unique() < 2:
        return
    answers = pl.DataFrame({"row": context.frame["row"], "answer": context.answers})
    rows = context.copies.rows.join(answers, on="row", maintain_order="left").drop_nulls("answer")
    several = rows.filter(pl.col("answer").n_unique().over("first") > 1)
    long_enough = pl.col("words") >= context.settings.copy_words
    exact, short = several.filter(long_enough), several.filter(~long_enough)
    if exact.height:
        numbers = as_rows(exact["row"].to_numpy())
        texts = exact["first"].n_unique()
        lost = _outvoted(exact)
        yield Finding(
            kind="contradictions.exact", severity="warning", rows=numbers, share=context.share_of(numbers),
            title=f"{counted(texts, 'text has', 'texts have')} several labels, in {counted(len(numbers), 'row')}",
            explanation="Whatever a model says to such a text is wrong for someone. Decide which label is meant.",
            samples=_samples(context, exact),
            fix=Fix(name="contradictions", drop=lost,
                    what=f"keep the label of most copies, drop {counted(len(lost), 'row')} (all copies on a tie)"),
            details={"texts": texts},
        )  # fmt: skip
    if short.height:
        numbers = as_rows(short["row"].to_numpy())
        yield Finding(
            kind="contradictions.short", severity="note", rows=numbers, share=context.share_of(numbers),
            title=f"{counted(short['first'].n_unique(), 'short text has', 'short texts have')} several labels, "
            f"in {counted(len(numbers), 'row')}",
            explanation=f"Of fewer than {context.settings.copy_words} words: too little to tell the label from.",
            samples=_samples(context, short),
        )  # fmt: skip
    yield from _near(context, rows)


def _near(context: CheckContext, rows: pl.DataFrame) -> Iterable[Finding]:
    label = rows.group_by("first").agg(pl.col("answer").first(), pl.col("answer").n_unique().alias("answers"))
    label = label.filter(pl.col("answers") == 1).drop("answers")  # exact contradictions are told above
    pairs = (
        context.copies.pairs.join(label.rename({"first": "one", "answer": "says"}), on="one")
        .join(label.rename({"first": "other", "answer": "other_says"}), on="other")
        .filter(pl.col("says") != pl.col("other_says"))
        .sort("similarity", "one", "other", descending=[True, False, False])
    )  # fmt: skip
    if not pairs.height:
        return
    numbers = as_rows([*pairs["one"], *pairs["other"]])
    first = pairs.head(context.settings.shown_rows)
    both = as_rows([*first["one"], *first["other"]])
    texts = dict(zip(both.tolist(), context.texts_of(both).to_list(), strict=True))
    yield Finding(
        kind="contradictions.near", severity="note", rows=numbers, share=context.share_of(numbers),
        title=f"{counted(pairs.height, 'pair', 'pairs')} of nearly equal texts with different labels",
        explanation="Some are right (a word can turn a text), some are slips of labelling: look at them side by side.",
        samples=tuple(
            f"{says!r}: {left}  ≈  {other_says!r}: {right}"
            for one, other, _, says, other_says in first.iter_rows()
            for left, right in [both_shown(texts[one], texts[other])]
        ),
        details={"pairs": pairs.height},
    )  # fmt: skip


def _outvoted(rows: pl.DataFrame) -> Rows:
    """The rows to drop: those with another label than most copies of their text; all of them on a tie."""
    votes = rows.group_by("first", "answer").len()
    most = votes.with_columns(top=pl.col("len").max().over("first"))
    winners = most.filter(pl.col("len") == pl.col("top"))
    clear = winners.filter(pl.len().over("first") == 1).select("first", "answer")
    return as_rows(rows.join(clear, on=["first", "answer"], how="anti")["row"].to_numpy())


def _samples(context: CheckContext, rows: pl.DataFrame) -> tuple[str, ...]:
    votes = (
        rows.group_by("first", "answer").agg(rows=pl.len())
        .sort(["rows", "answer"], descending=[True, False])
        .group_by("first", maintain_order=True)
        .agg(pl.format("{} ×{}", "answer", "rows").str.join(", ").alias("votes"), pl.col("rows").sum())
        .sort(["rows", "first"], descending=[True, False]).head(context.settings.shown_rows)
    )  # fmt: skip
    texts = context.texts_of(votes["first"].to_numpy()).to_list()
    return tuple(f"{says}: {shown(text, width=100)}" for says, text in zip(votes["votes"], texts, strict=True))
