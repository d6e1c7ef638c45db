"""Slices that a gate asks for: by length, by label, by a column, or by a condition as in `loved: stars > 3`."""

from __future__ import annotations

from collections.abc import Iterable

_ALWAYS = ("length", "label")


def slice_named(asked: str) -> tuple[str, str | None]:
    """Return what a slice goes by, and the name of one that is a condition.

    >>> slice_named("length"), slice_named("loved: stars > 3")
    (('length', None), ('slice', 'loved'))
    """
    name, colon, _ = asked.partition(":")
    return ("slice", " ".join(name.split())) if colon else (asked, None)


def slices_to_measure(floors: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the columns and the conditions that an evaluation must be made by."""
    asked = [each for each in floors if each not in _ALWAYS]
    return [each for each in asked if ":" not in each], [each for each in asked if ":" in each]
