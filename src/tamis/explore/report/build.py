"""Building the page: its sections in the order in which one asks."""

from __future__ import annotations

from tamis.core.charts import Chart
from tamis.core.page import Page
from tamis.explore import figures
from tamis.explore.essence import count
from tamis.explore.profile import Profile
from tamis.explore.report.classes import classes, contrast, entities
from tamis.explore.report.glance import glance
from tamis.explore.report.lengths import lengths
from tamis.explore.report.order import groups, time
from tamis.explore.report.rows import columns, duplicates, samples
from tamis.explore.report.words import DrawCloud, cloud_intro, clouds, terms, terms_intro

_COLUMNS = "Of numbers and times the lowest, the middle and the highest value; of others the most frequent."


def build_page(profile: Profile, *, draw_cloud: DrawCloud, missing: str = "") -> str:
    """Return the page's HTML; `missing` names what could not be drawn for want of an extra."""
    sizes = profile.sizes
    page = Page(f"Explore: {profile.name}", lead=sizes.version or count(sizes.rows, "text"))
    for heading, intro, parts in (
        ("At a glance", "", glance(profile)),
        ("Classes", "", classes(profile)),
        ("What sets the classes apart", _caption(figures.contrast_chart(profile)), contrast(profile)),
        ("Entities", _caption(figures.entities_chart(profile)), entities(profile)),
        ("Word clouds", cloud_intro(profile), clouds(profile, draw_cloud, missing)),
        ("Words that occur most", terms_intro(profile), terms(profile)),
        ("Lengths", "", lengths(profile)),
        ("Time", "", time(profile)),
        ("Groups", "", groups(profile)),
        ("Duplicates", "", duplicates(profile)),
        ("Columns", _COLUMNS if profile.columns else "", columns(profile)),
        ("Samples", "", samples(profile)),
    ):
        if parts:
            page.section(heading, *parts, intro=intro)
    return page.html()


def _caption(chart: Chart | None) -> str:
    return chart.caption if chart else ""
