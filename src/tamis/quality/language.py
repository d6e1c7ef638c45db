"""Texts in another language than the rest."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
import polars as pl

from tamis.features import WORD_PATTERN
from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Rows, as_rows, counted, percent, shown

_LOOK_AT_CHARACTERS = 300
_FIRST_LOOK_ROWS = 2_000
_LEAST_ROWS = 10
_COMMON_WORDS = 60
_SUSPECT_SHARE = 0.15

# Close kin that a short text cannot be told apart by, and English as written in chats, which passes for Pidgin.
_KIN = ({"en", "pcm", "sco"}, {"nb", "nn", "no", "da"}, {"hr", "bs", "sr", "sh"}, {"id", "ms"}, {"cs", "sk"},
        {"es", "gl", "ast"}, {"pt", "gl"}, {"nl", "af"}, {"de", "lb", "nds"}, {"ru", "be", "uk"}, {"hi", "mr", "ne"},
        {"zh", "wuu", "yue"}, {"fr", "oc"}, {"it", "co", "scn"})  # fmt: skip


def check_language(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts that are surely in another language than most.

    A first look at some texts tells the language and its commonest words. Then only texts that hold few of these are
    judged one by one, the most suspicious first: a few thousand judgements, though every text is looked at.
    """
    settings = context.settings
    first = list(_judged(context, context.sample(_FIRST_LOOK_ROWS)))
    sure = [language for _, language, confidence, _ in first if confidence >= settings.language_confidence]
    if settings.language is None and len(sure) < _LEAST_ROWS:
        return
    languages = Counter(sure)
    wanted = settings.language or languages.most_common(1)[0][0]
    if settings.language is None and languages[wanted] < 0.6 * len(sure):
        listed = ", ".join(f"{name} {percent(number / len(sure))}" for name, number in languages.most_common(6))
        yield Finding(
            kind="language.mixed", severity="note", title=f"the texts are in several languages: {listed}",
            explanation="No language is that of most texts. Take a multilingual backbone, or one language at a time.",
            details={"languages": dict(languages)},
        )  # fmt: skip
        return
    looked_at, partly = _suspects(context, [text for _, language, _, text in first if language == wanted])
    kin = set().union({wanted}, *(family for family in _KIN if wanted in family))
    others = {
        row: (language, text)
        for row, language, confidence, text in (*first, *_judged(context, looked_at))
        if confidence >= settings.language_confidence and language not in kin
    }
    if not others:
        return
    rows = as_rows(list(others))
    counts = Counter(language for language, _ in others.values())
    listed = ", ".join(f"{name} {number:,}" for name, number in counts.most_common(6))
    yield Finding(
        kind="language.other",
        severity="warning",
        title=f"{counted(len(rows), 'text is', 'texts are')} not in {wanted!r} but in another language: {listed}"
        + (f" (of {len(looked_at):,} rows looked at)" if partly else ""),
        explanation="A backbone of one language reads them badly. Leave them out, or take a multilingual one.",
        rows=rows,
        share=len(rows) / (len(looked_at) if partly else context.dataset.rows),
        samples=tuple(f"{others[row][0]}: {shown(others[row][1], width=90)}" for row in rows[: settings.shown_rows]),
        details={"languages": dict(counts), "language": wanted, "all_rows_looked_at": not partly},
    )


def languages_of(texts: Iterable[str], *, settings: QualitySettings | None = None) -> Counter[str]:
    """Return in which languages texts are, those that are long enough and surely known: `{"en": 380, "de": 4}`."""
    settings = settings or QualitySettings()
    found: Counter[str] = Counter()
    for text in texts:
        if len(text.split(None, settings.language_min_words)) >= settings.language_min_words or _dense(text):
            language, confidence = _identifier()(_heart(text))
            found[language] += confidence >= settings.language_confidence
    return +found


def _judged(context: CheckContext, rows: Rows) -> Iterator[tuple[int, str, float, str]]:
    """Rows whose text is long enough, with their language, how sure that is, and the text."""
    identify, least = _identifier(), context.settings.language_min_words
    with context.progress.track("telling languages", total=len(rows), unit="rows") as advance:
        for start in range(0, len(rows), 1000):
            part = rows[start : start + 1000]
            for row, text in zip(part.tolist(), context.texts_of(part).to_list(), strict=True):
                if len(text.split(None, least)) >= least or _dense(text):
                    yield (row, *identify(_heart(text)), text)
            advance(len(part))


def _suspects(context: CheckContext, usual: list[str]) -> tuple[Rows, bool]:
    """The rows to judge, and whether they are but a part of those that should be."""
    most = context.settings.sample_rows
    common = _common_words(usual)
    if not common:
        return context.sample(most), context.dataset.rows > most
    words, known = pl.col("text").str.count_matches(WORD_PATTERN), pl.col("text").str.count_matches(common)
    share = pl.when(words >= context.settings.language_min_words // 2).then(known / words).alias("share")
    limit = np.quantile(pl.DataFrame({"text": usual}).select(share.fill_null(1.0)).to_series(), _SUSPECT_SHARE)
    shares = pl.concat(
        [
            pl.DataFrame({"text": pl.Series(batch.column(0))}).select(share).to_series()
            for batch in context.dataset.batches(["text"])
        ]
    )
    suspects = (shares <= limit).fill_null(False).arg_true()
    suspects = suspects.gather(shares.gather(suspects).arg_sort()[:most])
    return as_rows(suspects.to_numpy().astype(np.int64) + 1), False


def _common_words(texts: list[str]) -> str:
    """A pattern of the words that most of the texts hold, or nothing where words are not set apart by spaces."""
    if not texts or sum(map(_dense, texts)) > len(texts) / 2:
        return ""
    counts = Counter(word for text in texts for word in set(re.findall(r"[^\W\d_]+", text.lower())))
    words = [re.escape(word) for word, rows in counts.most_common(_COMMON_WORDS) if rows > len(texts) / 50]
    return rf"(?i)\b(?:{'|'.join(words)})\b" if len(words) >= _LEAST_ROWS else ""


def _heart(text: str) -> str:
    """The middle of a long text: its beginning is names, titles and addresses, which are of no language."""
    if len(text) <= 2 * _LOOK_AT_CHARACTERS:
        return text[:_LOOK_AT_CHARACTERS]
    start = (len(text) - _LOOK_AT_CHARACTERS) // 2
    return text[start : start + _LOOK_AT_CHARACTERS]


def _dense(text: str) -> bool:
    """Whether a text is long in a script that sets no spaces between words."""
    return sum(sign >= "\u0e00" for sign in text[:60]) >= 20


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify
