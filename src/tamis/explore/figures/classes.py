"""Charts of the classes: their sizes, their labels a row, and what comes together."""

from __future__ import annotations

from tamis.core.charts import Bar, Bars, Data, percent
from tamis.explore.balance import ClassCount
from tamis.explore.essence import count, quoted
from tamis.explore.figures.palette import class_colours
from tamis.explore.profile import Profile

MOST_BARS = 60


def balance_chart(profile: Profile) -> Bars | None:
    """Rows of each class."""
    balance = profile.balance
    if balance is None:
        return None
    colour = class_colours(profile)
    entries: list[ClassCount] = list(balance.classes)
    if profile.sizes.task != "ordinal":
        entries.sort(key=lambda entry: -entry.rows)
    splits = list(profile.sizes.splits)
    shown = entries[:MOST_BARS]
    more = f" The {len(entries) - len(shown)} smallest are not drawn." if len(shown) < len(entries) else ""
    return Bars(
        name="class-balance",
        title="Rows with each type of entity" if profile.sizes.task == "spans" else "Rows of each class",
        bars=tuple(
            Bar(label=entry.label, value=entry.rows, note=percent(entry.share), colour=colour[entry.label])
            for entry in shown
        ),
        unit="rows",
        caption=_balance_words(profile) + more,
        data=Data(
            ("label", "rows", "share", *splits),
            tuple(
                (entry.label, entry.rows, entry.share, *(entry.splits.get(name, 0) for name in splits))
                for entry in entries
            ),
        ),
    )


def _balance_words(profile: Profile) -> str:
    balance = profile.balance
    assert balance is not None
    if len(balance.classes) < 2:
        return "There is one class only: a classifier needs at least two."
    if profile.sizes.task == "spans":
        return "A row can hold several types, or none."
    if balance.ratio is None:
        return "A class without rows cannot be learnt: find examples, or take it out of the label set."
    ratio = f"{balance.ratio:,.0f}" if balance.ratio >= 10 else f"{balance.ratio:.1f}"
    if balance.ratio >= 5:
        least = next(entry.rows for entry in balance.classes if entry.label == balance.smallest)
        rare = f"one of {quoted(balance.smallest)} ({count(least, 'row')})"
        return (
            f"{ratio} rows of {quoted(balance.largest)} for {rare}. Accuracy would hide how badly the small classes "
            "do: judge by macro-F1, and try balancing the training split."
        )
    if ratio == "1.0":
        return "The classes are even: nothing needs balancing."
    return f"Fairly even: the largest class is {ratio} times the smallest. Nothing needs balancing."


def labels_per_row_chart(profile: Profile) -> Bars | None:
    """How many labels rows have."""
    balance = profile.balance
    if balance is None or not balance.labels_per_row:
        return None
    kind = "types of entity" if profile.sizes.task == "spans" else "labels"
    rows = sum(balance.labels_per_row.values())
    return Bars(
        name="labels-per-row",
        title=f"Number of {kind} a row has",
        bars=tuple(
            Bar(label=str(number), value=times, note=percent(times / rows))
            for number, times in balance.labels_per_row.items()
        ),
        unit="rows",
        data=Data(("labels", "rows"), tuple(balance.labels_per_row.items())),
    )


def together_chart(profile: Profile) -> Bars | None:
    """Labels that come together."""
    if profile.balance is None or not profile.balance.together:
        return None
    pairs = profile.balance.together
    return Bars(
        name="labels-together",
        title="Labels that come together",
        bars=tuple(Bar(label=f"{first} + {second}", value=rows) for first, second, rows in pairs),
        unit="rows",
        data=Data(("first", "second", "rows"), pairs),
    )
