"""Texts that are longer, in tokens, than a backbone reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import polars as pl

from tamis.core import MissingExtra
from tamis.features import load_tokenizer
from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, counted, percent

_USUAL_LIMIT = 512
_USUAL_LENGTHS_ROWS = 3_000
_LIMITS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)


def traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    """Ask for the characters of each text: no text has more tokens than those."""
    return {"characters": pl.col("text").str.len_chars()}


def check_tokens(context: CheckContext) -> Iterable[Finding]:
    """Yield how many texts the token limit would cut, and which limit would do."""
    settings = context.settings
    try:
        tokenizer = load_tokenizer(context.features.tokenizer)
    except MissingExtra as missing:
        yield Finding(
            kind="tokens.unknown", severity="note", title="token lengths were not looked at",
            explanation=f"The tokenizer {context.features.tokenizer!r} is not installed. What adds it: {missing.hint}",
        )  # fmt: skip
        return
    limit = settings.token_limit or tokenizer.model_max_tokens or _USUAL_LIMIT
    # with the special tokens, a text of so many characters may just be too long
    long = np.flatnonzero(context.traits["characters"].to_numpy() > limit - 4).astype(np.int64) + 1
    looked_at = long[:: max(1, -(-len(long) // settings.sample_rows))]
    if not len(looked_at):
        return
    counts = tokenizer.count(context.texts_of(looked_at), progress=context.progress)
    cut = looked_at[counts > limit]
    if not len(cut):
        return
    usual = tokenizer.count(context.texts_of(context.sample(_USUAL_LENGTHS_ROWS)))
    middle, most = (int(value) for value in np.percentile(usual, [50, 95]))
    times = len(long) / len(looked_at)
    share = len(cut) * times / context.dataset.rows
    enough = next((size for size in _LIMITS if size >= most), most)
    lost = float((counts - limit).clip(min=0).sum() * times / max(1.0, usual.mean() * context.dataset.rows))
    yield Finding(
        kind="tokens.cut",
        severity="warning" if share >= settings.token_cut_share else "note",
        title=f"{counted(len(cut), 'text is', 'texts are')} longer than {limit:,} tokens"
        + (f" (of {counted(len(looked_at), 'long text')} looked at, one in {times:.0f})" if times > 1 else ""),
        explanation=f"The rest is cut off, about {percent(min(1.0, lost))} of all tokens. Half of the texts have "
        f"up to {middle:,}, 19 of 20 up to {most:,} ({enough:,} would do for these), the longest has {counts.max():,}.",
        rows=cut,
        share=share,
        details={"p50": middle, "p95": most, "longest": int(counts.max()), "tokens_lost": lost, "limit": limit},
    )
