"""The page's section about lengths."""

from __future__ import annotations

from tamis.core.page import advice, side_by_side, table
from tamis.explore import figures
from tamis.explore.profile import Profile
from tamis.explore.report.drawn import drawn


def lengths(profile: Profile) -> list[str]:
    """Return lengths and the limit they suggest."""
    lengths = profile.lengths
    if not lengths.words.texts:
        return []
    parts = drawn(figures.tokens_chart(profile))
    if lengths.tokens is not None:
        parts.append(side_by_side(*drawn(figures.limits_chart(profile), figures.words_chart(profile))))
    else:
        parts += drawn(figures.words_chart(profile))
        parts.append(advice(f"Tokens are not counted: {' '.join(lengths.no_tokens.split())}"))
    measures = [measure for measure in (lengths.words, lengths.tokens, lengths.characters) if measure is not None]
    parts.append("<h3>In numbers</h3>")
    parts.append(
        table(
            ["", "shortest", *(f"P{place}" for place in measures[0].percentiles), "longest", "mean", "together"],
            [
                [
                    measure.unit,
                    measure.shortest,
                    *measure.percentiles.values(),
                    measure.longest,
                    round(measure.mean),
                    measure.total,
                ]
                for measure in measures
            ],
        )
    )
    parts.append("<figcaption>P95: 95 in 100 texts are not longer. Texts without a word are left out.</figcaption>")
    return parts + drawn(figures.class_lengths_chart(profile))
