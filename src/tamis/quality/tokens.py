"""Texts that are longer, in tokens, than a backbone reads."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tamis.core import MissingExtra
from tamis.features import load_tokenizer
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, counted, percent

_USUAL_LIMIT = 512
_LIMITS = (64, 128, 256, 512, 1024, 2048, 4096, 8192)


def check_tokens(context: CheckContext) -> Iterable[Finding]:
    """Yield how many texts the token limit would cut, and which limit would do."""
    settings, sample = context.settings, context.sample()
    if not len(sample):
        return
    try:
        tokenizer = load_tokenizer(settings.tokenizer)
        counts = tokenizer.count(context.texts_of(sample), progress=context.progress)
    except MissingExtra as missing:
        yield Finding(
            kind="tokens.unknown", severity="note", title="token lengths were not looked at",
            explanation=f"The tokenizer {settings.tokenizer!r} is not installed. What adds it: {missing.hint}",
        )  # fmt: skip
        return
    limit = settings.token_limit or tokenizer.model_max_tokens or _USUAL_LIMIT
    cut = sample[counts > limit]
    if not len(cut):
        return
    middle, most, longest = (int(value) for value in np.percentile(counts, [50, 95, 100]))
    share = len(cut) / len(sample)
    enough = next((size for size in _LIMITS if size >= most), most)
    lost = float((counts - limit).clip(min=0).sum() / max(1, counts.sum()))
    yield Finding(
        kind="tokens.cut",
        severity="warning" if share >= settings.token_cut_share else "note",
        title=f"{counted(len(cut), 'text is', 'texts are')} longer than {limit:,} tokens"
        + (f" (of {len(sample):,} rows looked at)" if len(sample) < context.dataset.rows else ""),
        explanation=f"The rest is cut off: {percent(lost)} of all tokens. Half of the texts have up to {middle:,}, "
        f"19 of 20 up to {most:,} (a limit of {enough:,} would hold these), the longest has {longest:,}.",
        rows=cut,
        share=share,
        details={"p50": middle, "p95": most, "longest": longest, "tokens_lost": lost, "rows_looked_at": len(sample)},
    )
