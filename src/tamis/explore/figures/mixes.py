"""Charts of rows and classes over splits, time and groups."""

from __future__ import annotations

from collections.abc import Mapping

from tamis.core.charts import GREY, Bar, Bars, Columns, Data, Mark, Series, Stacks, percent
from tamis.explore.figures.palette import class_colours, largest_classes
from tamis.explore.profile import Profile

_PARTS = 9  # more parts than this cannot be told apart


def mix_over_splits(profile: Profile) -> Stacks | Bars | None:
    """The classes of each split, or the splits' sizes where there are no classes."""
    splits = profile.sizes.splits
    if not splits:
        return None
    if profile.balance is None:
        whole = sum(splits.values())
        return Bars(
            name="splits",
            title="Rows of each split",
            bars=tuple(Bar(label=name, value=rows, note=percent(rows / whole)) for name, rows in splits.items()),
            unit="rows",
            data=Data(("split", "rows"), tuple(splits.items())),
        )
    counts = {split: {entry.label: entry.splits.get(split, 0) for entry in profile.balance.classes} for split in splits}
    return _stacks(
        profile,
        "splits",
        "Classes in each split",
        counts,
        caption="The bars should look alike; a class that shrinks from one split to the next is measured badly there.",
    )


def mix_over_groups(profile: Profile) -> Stacks | Bars | None:
    """The classes of the largest groups, or the groups' sizes where there are no classes."""
    groups = profile.groups
    if groups is None:
        return None
    if profile.balance is None:
        return Bars(
            name="groups",
            title="The largest groups",
            bars=tuple(Bar(label=group.name, value=group.rows) for group in groups.largest),
            unit="rows",
            data=Data(("group", "rows"), tuple((group.name, group.rows) for group in groups.largest)),
        )
    return _stacks(
        profile, "groups", "Classes in the largest groups", {group.name: group.labels for group in groups.largest}
    )


def mix_over_time(profile: Profile) -> Columns | None:
    """The share of each class over time."""
    timeline = profile.timeline
    if timeline is None or len(timeline.starts) < 2 or profile.balance is None or len(profile.balance.classes) < 2:
        return None
    parts = _parts(profile)
    series = [
        Series(name=name, colour=colour, values=_summed(timeline.labels, labels, len(timeline.starts)))
        for name, colour, labels in parts
    ]
    labels = list(timeline.labels)
    return Columns(
        name="classes-over-time",
        title="Share of each class",
        places=timeline.starts,
        series=tuple(series),
        ticks=time_ticks(timeline.starts),
        share=True,
        unit="rows",
        data=Data(
            (timeline.step, *labels),
            tuple(
                (start, *(timeline.labels[label][place] for label in labels))
                for place, start in enumerate(timeline.starts)
            ),
        ),
    )


def time_ticks(starts: tuple[str, ...]) -> tuple[Mark, ...]:
    """Return at most seven of the columns' names, evenly spread."""
    step = -(-len(starts) // 7)
    return tuple(Mark((place + 0.5) / len(starts), starts[place]) for place in range(0, len(starts), step))


def volume_chart(profile: Profile) -> Columns | None:
    """Rows over time."""
    timeline = profile.timeline
    if timeline is None or len(timeline.starts) < 2:
        return None
    return Columns(
        name="rows-over-time",
        title=f"Rows a {timeline.step}",
        places=timeline.starts,
        series=(Series(name="rows", values=tuple(float(rows) for rows in timeline.rows)),),
        ticks=time_ticks(timeline.starts),
        unit="rows",
        data=Data((timeline.step, "rows"), tuple(zip(timeline.starts, timeline.rows, strict=True))),
    )


def _stacks(
    profile: Profile, name: str, title: str, counts: Mapping[str, Mapping[str, int]], *, caption: str = ""
) -> Stacks:
    parts = _parts(profile)
    labels = [entry.label for entry in profile.balance.classes] if profile.balance else []
    return Stacks(
        name=name,
        title=title,
        parts=tuple((part, colour) for part, colour, _ in parts),
        rows=tuple(
            (row, tuple(float(sum(own.get(label, 0) for label in members)) for _, _, members in parts))
            for row, own in counts.items()
        ),
        caption=caption,
        data=Data(
            (name.removesuffix("s"), *labels),
            tuple((row, *(own.get(label, 0) for label in labels)) for row, own in counts.items()),
        ),
    )


def _parts(profile: Profile) -> list[tuple[str, str, list[str]]]:
    """Return the parts of a stack: name, colour, and the labels it holds; the small classes share one part."""
    colour = class_colours(profile)
    shown = largest_classes(profile, _PARTS)
    parts = [(label, colour[label], [label]) for label in shown]
    rest = [label for label in colour if label not in set(shown)]
    if rest:
        parts.append((f"{len(rest)} others", GREY, rest))
    return parts


def _summed(values: Mapping[str, tuple[int, ...]], labels: list[str], length: int) -> tuple[float, ...]:
    own = [values[label] for label in labels if label in values]
    return tuple(float(sum(row[place] for row in own)) for place in range(length))
