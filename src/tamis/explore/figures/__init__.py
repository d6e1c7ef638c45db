"""Figures: which charts a profile becomes, with titles and captions that say what one sees and what to do."""

from __future__ import annotations

from tamis.core.charts import Chart
from tamis.explore.figures.classes import balance_chart, labels_per_row_chart, together_chart
from tamis.explore.figures.lengths import class_lengths_chart, limits_chart, tokens_chart, words_chart
from tamis.explore.figures.mixes import mix_over_groups, mix_over_splits, mix_over_time, volume_chart
from tamis.explore.figures.palette import class_colours
from tamis.explore.figures.words import contrast_chart, entities_chart, term_charts, terms_chart
from tamis.explore.profile import Profile

__all__ = [
    "balance_chart",
    "charts_of",
    "class_colours",
    "class_lengths_chart",
    "contrast_chart",
    "entities_chart",
    "labels_per_row_chart",
    "limits_chart",
    "mix_over_groups",
    "mix_over_splits",
    "mix_over_time",
    "term_charts",
    "terms_chart",
    "together_chart",
    "tokens_chart",
    "volume_chart",
    "words_chart",
]


def charts_of(profile: Profile) -> list[Chart]:
    """Return every chart that the profile has numbers for, in the page's order."""
    charts: list[Chart | None] = [
        mix_over_splits(profile),
        balance_chart(profile),
        labels_per_row_chart(profile),
        together_chart(profile),
        tokens_chart(profile),
        words_chart(profile),
        limits_chart(profile),
        class_lengths_chart(profile),
        contrast_chart(profile),
        entities_chart(profile),
        *term_charts(profile),
        volume_chart(profile),
        mix_over_time(profile),
        mix_over_groups(profile),
    ]
    return [chart for chart in charts if chart is not None]
