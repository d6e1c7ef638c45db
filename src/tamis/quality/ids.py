"""Ids that give the label away: by their beginning, their number, or whether it is odd."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, as_rows, counted, percent
from tamis.quality.giveaway import Giveaway, binned, giveaway


def check_ids(context: CheckContext) -> Iterable[Finding]:
    """Yield ids that occur twice, ids that tell the label, and whether the rows are sorted by label."""
    frame = context.frame
    if "id" in frame.columns:
        twice = as_rows(frame["row"].filter(frame["id"].is_duplicated() & frame["id"].is_not_null()).to_numpy())
        if len(twice):
            yield Finding(
                kind="ids.repeated", severity="warning", rows=twice, share=context.share_of(twice),
                title=f"{counted(len(twice), 'row shares', 'rows share')} an id with another row",
                explanation="Predictions, corrections and reviews are kept by id: these rows cannot be told apart.",
            )  # fmt: skip
    if not context.has_labels:
        return
    in_order = sorted_by_label(context)
    if in_order:
        yield Finding(
            kind="ids.sorted", severity="note", title="the rows are sorted by label",
            explanation="Tamis shuffles before it splits. Other tools may see only some labels at first.",
        )  # fmt: skip
    if "id" not in frame.columns:
        return
    found: dict[str, Giveaway] = {}
    for what, values in _views(frame["id"].cast(pl.String), numbered=not in_order).items():
        judged = giveaway(values, context.answers)
        if judged is not None and judged.tells(gain=context.settings.giveaway_gain):
            found[what] = judged
    if not found:
        return
    what, best = max(found.items(), key=lambda item: item[1].gain)
    # ids that merely count the rows say nothing that the order of the rows does not
    counting = _counting(frame["id"].cast(pl.String))
    right = f"right in {percent(best.accuracy)} of the rows, guessing in {percent(best.majority)}"
    yield Finding(
        kind="ids.order" if counting else "ids.label",
        severity="note" if counting else "warning",
        title=f"the order of the rows gives the label away ({what}: {right})"
        if counting
        else f"{what} gives the label away: {right}",
        explanation="The ids count the rows, and the rows were put together by label. Shuffle before you cut."
        if counting
        else "The rows were gathered label by label. What else differs between the sources is learned too.",
        samples=best.examples,
        details={"accuracy": best.accuracy, "majority": best.majority, "gain": best.gain},
    )


def sorted_by_label(context: CheckContext) -> bool:
    """Return whether each label's rows stand together, in more blocks' worth of rows than chance would leave."""
    answers = context.answers.drop_nulls()
    kinds = answers.n_unique()
    if kinds < 2 or len(answers) < 5 * kinds:
        return False
    changes = int((answers != answers.shift(1)).sum())
    return changes <= 1.05 * kinds


def _counting(ids: pl.Series) -> bool:
    numbers = ids.str.extract(r"^(\d{1,15})$").cast(pl.Int64)
    return numbers.null_count() == 0 and bool((numbers.diff().drop_nulls() == 1).all())


def _views(ids: pl.Series, *, numbered: bool) -> dict[str, pl.Series]:
    """What can be read off an id: its beginning, its end, its length, the range and parity of its number."""
    text, digits = pl.col("id"), pl.col("id").str.extract(r"(\d{1,15})\D*$").cast(pl.Int64)
    views = ids.alias("id").to_frame().select(
        first=text.str.extract(r"^([^\d\W]+)"),
        part=text.str.extract(r"^([^/:._|#-]+)[/:._|#-]"),
        path=text.str.extract(r"^([^/:._|#-]+[/:._|#-][^/:._|#-]+)[/:._|#-]"),
        last=text.str.extract(r"([^\d\W]+)$"),
        length=text.str.len_chars(),
        number=digits,
    )  # fmt: skip
    named = {
        "the beginning of the id": views["first"],
        "the first part of the id": views["part"],
        "the first two parts of the id": views["path"],
        "the end of the id": views["last"],
        "the length of the id": views["length"].cast(pl.String),
    }
    if views["number"].null_count() < len(ids) / 10:
        named["whether the id's number is odd"] = (views["number"] % 2).cast(pl.String)
        if numbered:
            named["the range of the id's number"] = binned(views["number"])
    return named
