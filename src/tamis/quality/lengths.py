"""Texts that are empty, tiny or huge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import polars as pl

from tamis.features import WORD_PATTERN
from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, Rows, counted, shown


def traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    """Ask for the number of words of each text, and whether it holds a letter or digit at all."""
    text = pl.col("text")
    return {
        "words": text.str.count_matches(WORD_PATTERN),
        "blank": ~text.str.contains(r"[^\s\p{Cc}\p{Cf}]"),
        "wordless": ~text.str.contains(r"[\p{L}\p{N}]"),
    }


def check_lengths(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts of an unusual length."""
    settings, traits_ = context.settings, context.traits
    empty = context.rows_where("blank")
    if len(empty):
        share = context.share_of(empty)
        everything = len(empty) == context.dataset.rows
        yield Finding(
            kind="lengths.empty", severity="error" if everything else "warning", rows=empty, share=share,
            title="no row has text" if everything else f"{counted(len(empty), 'row has', 'rows have')} no text",
            explanation="Was the right text column taken?" if everything else "There is nothing to learn from them.",
            fix=None if everything
            else Fix(name="empty", what=f"drop {counted(len(empty), 'row')} without text", drop=empty),
        )  # fmt: skip
    said = ~traits_["blank"]
    signs = _rows(said & traits_["wordless"])
    if len(signs):
        yield Finding(
            kind="lengths.signs", severity="note", rows=signs, share=context.share_of(signs),
            title=f"{counted(len(signs), 'text has', 'texts have')} no letter and no digit",
            explanation="Only signs or emoji. Some say a lot, some are rubbish: have a look.",
            samples=_samples(context, signs),
        )  # fmt: skip
    tiny = _rows(said & ~traits_["wordless"] & (traits_["words"] < settings.tiny_words))
    if len(tiny):
        yield Finding(
            kind="lengths.tiny", severity="note", rows=tiny, share=context.share_of(tiny),
            title=f"{counted(len(tiny), 'text has', 'texts have')} fewer than {settings.tiny_words} words",
            explanation="Could you tell the label from so few words? If not, neither can a model.",
            samples=_samples(context, tiny),
        )  # fmt: skip
    huge = _rows(traits_["words"] > settings.huge_words)
    if len(huge):
        longest = int(traits_["words"].to_numpy().max())
        yield Finding(
            kind="lengths.huge", severity="note", rows=huge, share=context.share_of(huge),
            title=f"{counted(len(huge), 'text has', 'texts have')} more than {settings.huge_words:,} words "
            f"(the longest {longest:,})",
            explanation="A model reads only the beginning of so long a text. Are these several documents in one row?",
            details={"longest_words": longest},
        )  # fmt: skip


def _rows(mask: pl.Series) -> Rows:
    return mask.arg_true().to_numpy().astype("int64") + 1


def _samples(context: CheckContext, rows: Rows) -> tuple[str, ...]:
    texts = context.texts_of(rows[: 10 * context.settings.shown_rows]).to_list()
    return tuple(list(dict.fromkeys(shown(text, width=60) for text in texts))[: context.settings.shown_rows])
