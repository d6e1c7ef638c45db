"""Class colours: each class has one colour on the whole page."""

from __future__ import annotations

from tamis.core.charts import GREY, PALETTE, colours
from tamis.explore.profile import Profile


def class_colours(profile: Profile) -> dict[str, str]:
    """Return the colour of each class; with more classes than colours, the largest have one of their own."""
    labels = [entry.label for entry in profile.balance.classes] if profile.balance else []
    if is_ordered(profile):
        return colours(labels, ordered=True)
    if len(labels) <= len(PALETTE):
        return colours(labels)
    largest = colours(largest_classes(profile, len(PALETTE) - 1))
    return {label: largest.get(label, GREY) for label in labels}


def largest_classes(profile: Profile, most: int) -> list[str]:
    """Return the labels with most rows, largest first; of labels with an order all, in their order."""
    if profile.balance is None:
        return []
    if is_ordered(profile):
        return [entry.label for entry in profile.balance.classes]
    order = sorted(profile.balance.classes, key=lambda entry: -entry.rows)
    return [entry.label for entry in order[:most]]


def is_ordered(profile: Profile) -> bool:
    """Return whether the labels have an order: they are ordinal, or three and more numbers."""
    if profile.balance is None:
        return False
    labels = [entry.label for entry in profile.balance.classes]
    numbers = len(labels) > 2 and all(label.lstrip("-").isdecimal() for label in labels)
    return profile.sizes.task == "ordinal" or (profile.sizes.task == "single_label" and numbers)
