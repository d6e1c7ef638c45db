"""The page's sections about classes: their balance, the words that set them apart, and entities."""

from __future__ import annotations

from tamis.core.drawing import draw
from tamis.core.page import advice, side_by_side
from tamis.explore import figures
from tamis.explore.essence import quoted
from tamis.explore.profile import Profile
from tamis.explore.report.drawn import drawn


def classes(profile: Profile) -> list[str]:
    """Return how rows spread over classes and splits."""
    if profile.balance is None:
        splits = figures.mix_over_splits(profile)
        return [draw(splits)] if splits else []
    parts = drawn(figures.balance_chart(profile), figures.mix_over_splits(profile))
    several = drawn(figures.labels_per_row_chart(profile), figures.together_chart(profile))
    return parts + ([side_by_side(*several)] if several else [])


def contrast(profile: Profile) -> list[str]:
    """Return the words that set each class apart."""
    chart = figures.contrast_chart(profile)
    if chart is None:
        return []
    silent = [panel.title for panel in chart.panels if not panel.bars]
    parts = [draw(chart, heading=False, caption=False)]
    if silent:
        names = ", ".join(quoted(name) for name in silent[:5]) + (" …" if len(silent) > 5 else "")
        parts.append(
            advice(
                f"No word speaks for {names}: too few texts, or texts that are like those of other classes.",
                kind="warn",
            )
        )
    return parts


def entities(profile: Profile) -> list[str]:
    """Return the most frequent entities."""
    chart = figures.entities_chart(profile)
    return [draw(chart, heading=False, caption=False)] if chart else []
