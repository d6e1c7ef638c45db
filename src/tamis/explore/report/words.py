"""The page's sections about words: clouds and the most frequent terms."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from tamis.core.drawing import draw, tag_cloud
from tamis.core.page import advice, picture
from tamis.explore import figures
from tamis.explore.cloud_words import Cloud
from tamis.explore.profile import Profile

DrawCloud = Callable[[Cloud], bytes | None]
"""Draws a cloud without paper, or says None when it cannot."""


def cloud_intro(profile: Profile) -> str:
    """Return what the clouds show, in words."""
    sized = "The larger a word, the more often it occurs."
    if profile.clouds.classes and profile.entities is None:
        sized += " A class's cloud holds only words that it uses more than the other classes do."
    return f"{sized} {_stop_words(profile)}"


def clouds(profile: Profile, draw_cloud: DrawCloud, missing: str) -> list[str]:
    """Return the clouds of all texts and of the largest classes."""
    if not profile.clouds.overall.words:
        return []
    parts = [_cloud(profile.clouds.overall, draw_cloud)]
    colour = figures.class_colours(profile)
    cells = [
        f'<div><h4><i class="swatch" style="background:{colour[cloud.label]}"></i><bdi>{escape(cloud.label)}</bdi></h4>'
        f"{_cloud(cloud, draw_cloud)}</div>"
        for cloud in shown_clouds(profile)
        if cloud.words
    ]
    if cells:
        parts.append(f'<div class="panels">{"".join(cells)}</div>')
    if missing:
        parts.append(advice(missing))
    return parts


def shown_clouds(profile: Profile, *, most: int = 12) -> list[Cloud]:
    """Return the classes' clouds that are drawn: of many classes, those of the largest."""
    rows = {entry.label: entry.rows for entry in profile.balance.classes} if profile.balance else {}
    clouds = [cloud for cloud in profile.clouds.classes if cloud.words]
    largest = {cloud.label for cloud in sorted(clouds, key=lambda cloud: -rows.get(cloud.label, 0))[:most]}
    return [cloud for cloud in clouds if cloud.label in largest]


def _cloud(cloud: Cloud, draw_cloud: DrawCloud) -> str:
    png = draw_cloud(cloud)
    if png is None:
        return tag_cloud(cloud.words[:60])
    words = ", ".join(word for word, _ in cloud.words[:10])
    return picture(png, alt=f"Word cloud: {words} …", clear=True)


def terms_intro(profile: Profile) -> str:
    """Return how many words there are."""
    terms = profile.terms
    counts = f"{terms.total:,} words, {terms.distinct:,} different ones, {terms.once:,} of them only once"
    return f"{counts}. {_stop_words(profile)}"


def terms(profile: Profile) -> list[str]:
    """Return the most frequent words, pairs and triples."""
    charts = figures.term_charts(profile)
    return (
        [f'<div class="panels wide">{"".join(f"<div>{draw(chart)}</div>" for chart in charts)}</div>'] if charts else []
    )


def _stop_words(profile: Profile) -> str:
    if profile.terms.stop_words == "none":
        return "Stop words are counted."
    return f"Stop words ({profile.terms.stop_words}) are left out."
