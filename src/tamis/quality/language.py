"""Texts in another language than the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from functools import cache
from typing import Any

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, as_rows, counted, percent, shown

_LOOK_AT_CHARACTERS = 400
_LEAST_ROWS = 10

# Close kin that a short text cannot be told apart by, and English as written in chats, which passes for Pidgin.
_KIN = ({"en", "pcm", "sco"}, {"nb", "nn", "no", "da"}, {"hr", "bs", "sr", "sh"}, {"id", "ms"}, {"cs", "sk"},
        {"es", "gl", "ast"}, {"pt", "gl"}, {"nl", "af"}, {"de", "lb", "nds"}, {"ru", "be", "uk"}, {"hi", "mr", "ne"},
        {"zh", "wuu", "yue"}, {"fr", "oc"}, {"it", "co", "scn"})  # fmt: skip


def check_language(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts that are surely in another language than most."""
    settings, sample = context.settings, context.sample()
    identify = _identifier()
    judged: list[tuple[int, str, float, str]] = []
    with context.progress.track("telling languages", total=len(sample), unit="rows") as advance:
        for start in range(0, len(sample), 1000):
            rows = sample[start : start + 1000]
            for row, text in zip(rows.tolist(), context.texts_of(rows).to_list(), strict=True):
                if len(text.split(None, settings.language_min_words)) > settings.language_min_words - 1 or _dense(text):
                    language, confidence = identify(text[:_LOOK_AT_CHARACTERS])
                    judged.append((row, language, confidence, text))
            advance(len(rows))
    sure = [case for case in judged if case[2] >= settings.language_confidence]
    if settings.language is None and len(sure) < _LEAST_ROWS:
        return
    languages = Counter(language for _, language, _, _ in sure)
    wanted = settings.language or languages.most_common(1)[0][0]
    if settings.language is None and languages[wanted] < 0.6 * len(sure):
        listed = ", ".join(f"{name} {percent(number / len(sure))}" for name, number in languages.most_common(6))
        yield Finding(
            kind="language.mixed", severity="note", title=f"the texts are in several languages: {listed}",
            explanation="No language is that of most texts. Take a multilingual backbone, or one language at a time.",
            details={"languages": dict(languages)},
        )  # fmt: skip
        return
    kin = set().union({wanted}, *(family for family in _KIN if wanted in family))
    others = [case for case in sure if case[1] not in kin]
    if not others:
        return
    rows = as_rows([row for row, _, _, _ in others])
    counts = Counter(language for _, language, _, _ in others)
    listed = ", ".join(f"{name} {number:,}" for name, number in counts.most_common(6))
    partly = len(sample) < context.dataset.rows
    yield Finding(
        kind="language.other",
        severity="warning",
        title=f"{counted(len(rows), 'text is', 'texts are')} not in {wanted!r} but in another language: {listed}"
        + (f" (of {len(sample):,} rows looked at)" if partly else ""),
        explanation="A backbone of one language reads them badly. Leave them out, or take a multilingual one.",
        rows=rows,
        share=len(rows) / len(sample),
        samples=tuple(f"{language}: {shown(text, width=90)}" for _, language, _, text in others[: settings.shown_rows]),
        details={
            "languages": dict(languages),
            "language": wanted,
            "rows_looked_at": len(sample),
            "judged": len(judged),
        },
    )


def _dense(text: str) -> bool:
    """Whether a text is long in a script that sets no spaces between words."""
    return sum(sign >= "\u0e00" for sign in text[:60]) >= 20


@cache
def _identifier() -> Any:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True).classify
