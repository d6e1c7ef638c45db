"""The page's sections about time and groups: what a random split would hide."""

from __future__ import annotations

from html import escape

from tamis.core.charts import percent
from tamis.core.page import advice
from tamis.explore import figures
from tamis.explore.essence import count, quoted
from tamis.explore.profile import Profile
from tamis.explore.report.drawn import drawn


def time(profile: Profile) -> list[str]:
    """Return rows and classes over time."""
    timeline = profile.timeline
    if timeline is None:
        return []
    words = f"From {timeline.first} to {timeline.last}; the busiest {timeline.step} is {timeline.busiest}."
    if timeline.timeless:
        words += f" {count(timeline.timeless, 'row')} without a time that can be read."
    parts = [f"<p>{escape(words)}</p>", *drawn(figures.volume_chart(profile), figures.mix_over_time(profile))]
    if timeline.drift is None:
        return parts
    shares = f"{percent(timeline.before)} in the earlier half of the rows to {percent(timeline.after)} in the later"
    moved = f"{quoted(timeline.mover)} goes from {shares}"
    if timeline.drift >= 0.1:
        parts.append(
            advice(
                f"The classes shift over time: {moved}. Split by time to learn how a model does on what comes next.",
                kind="warn",
            )
        )
    else:
        parts.append(advice(f"The classes hardly shift over time (most: {moved}).", kind="good"))
    return parts


def groups(profile: Profile) -> list[str]:
    """Return the largest groups and whether they give labels away."""
    groups = profile.groups
    if groups is None:
        return []
    words = f"{count(groups.groups, 'group')}; the middle one has {count(groups.median, 'row')}."
    if groups.groupless:
        words += f" {count(groups.groupless, 'row')} without a group."
    parts = [f"<p>{escape(words)}</p>", *drawn(figures.mix_over_groups(profile))]
    if groups.comparable:
        share = (groups.one_class or 0) / groups.comparable
        several = f"{count(groups.comparable, 'group')} with two or more labelled rows"
        held = f"{groups.one_class:,} of {several} hold one class only"
        if share >= 0.5:
            parts.append(
                advice(
                    f"{held}: a model may learn the group instead of the text. Keep groups together when you split.",
                    kind="warn",
                )
            )
        else:
            parts.append(advice(f"{held}. Keep groups together when you split all the same.", kind="note"))
    return parts
