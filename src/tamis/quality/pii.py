"""Personal data in texts, counted by kind; samples are masked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import polars as pl

from tamis.features import PERSONAL_LOOKS, PERSONAL_NAMES, PersonalSort, masked, personal_data, without_personal_data
from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, as_rows, counted
from tamis.quality.rewrite import rewriting


def traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    """Ask whether a text may hold personal data."""
    return {"personal": _maybe()}


def check_pii(context: CheckContext) -> Iterable[Finding]:
    """Yield what kinds of personal data there are, and where."""
    candidates = context.rows_where("personal")
    if not len(candidates):
        return
    places: Counter[PersonalSort] = Counter()
    rows: set[int] = set()
    examples: dict[PersonalSort, dict[str, None]] = defaultdict(dict)
    for row, text in zip(candidates.tolist(), context.texts_of(candidates), strict=True):
        for place in personal_data(text):
            places[place.sort] += 1
            rows.add(row)
            examples[place.sort][masked(text[place.start : place.end], place.sort)] = None
    if not rows:
        return
    found = as_rows(list(rows))
    listed = ", ".join(counted(number, *PERSONAL_NAMES[sort]) for sort, number in places.most_common())
    few = max(1, context.settings.shown_rows // len(places))
    yield Finding(
        kind="pii",
        severity="warning",
        title=f"{counted(len(found), 'text holds', 'texts hold')} personal data: {listed}",
        explanation="A model can learn it by heart and give it away. Mask it, unless you may and must keep it.",
        rows=found,
        share=context.share_of(found),
        samples=tuple(f"{PERSONAL_NAMES[sort][0]} {value}" for sort in places for value in list(examples[sort])[:few]),
        fix=Fix(
            name="pii",
            what=f"put [email], [phone], [card], [iban] or [ip] in its place in {counted(len(found), 'text')}",
            rewrite=rewriting(without_personal_data, where=_maybe()),
        ),
        details={"counts": dict(places)},
    )


def _maybe() -> pl.Expr:
    return pl.any_horizontal([pl.col("text").str.contains(look) for look in PERSONAL_LOOKS.values()])
