"""The names of the splits, what else people call them, and the share of the rows that each gets."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from tamis.core import UsageError, did_you_mean

# in the order of use: what a model learns from, what choices are made on, what its probabilities are set right on, and
# what it is judged on
SPLITS = ("train", "validation", "calibration", "test")

_ALSO = {
    "train": ("train", "training", "tr", "fit"),
    "validation": ("validation", "valid", "val", "dev", "devel", "development"),
    "calibration": ("calibration", "calib", "cal"),
    "test": ("test", "testing", "tst", "holdout", "hold out", "eval", "evaluation"),
}
_KNOWN = {also: name for name, others in _ALSO.items() for also in others}


def split_name(value: str) -> str | None:
    """Return the split that people mean by `value`, or None.

    >>> split_name("Dev"), split_name("hold-out"), split_name("fold 3")
    ('validation', 'test', None)
    """
    return _KNOWN.get(value.strip().lower().replace("-", " ").replace("_", " "))


def parse_fractions(text: str) -> dict[str, float]:
    """Return the fractions that `train=0.8,test=0.2` says.

    >>> parse_fractions("train=0.8, test=0.2")
    {'train': 0.8, 'test': 0.2}
    """
    fractions: dict[str, float] = {}
    for piece in text.split(","):
        name, equals, number = (word.strip() for word in piece.partition("="))
        try:
            value = float(number)
        except ValueError:
            value = math.nan
        if not equals or math.isnan(value):
            raise UsageError(f"{piece.strip()!r} is no fraction", hint="write them as train=0.8,test=0.2")
        if name in fractions:
            raise UsageError(f"the fraction of {name!r} is given twice: {text}")
        fractions[name] = value
    return check_fractions(fractions)


def check_fractions(fractions: Mapping[str, float]) -> dict[str, float]:
    """Return fractions with the splits' own names in order, or say what is wrong with them."""
    named: dict[str, float] = {}
    for given, value in fractions.items():
        name = split_name(given)
        if name is None:
            raise UsageError(f"no split named {given!r}. Splits: {', '.join(SPLITS)}.{did_you_mean(given, _KNOWN)}")
        if name in named:
            raise UsageError(f"the fraction of {name!r} is given twice")
        if not 0 < value <= 1:
            raise UsageError(f"the fraction of {name!r} is {value:g}: it must be above 0 and at most 1")
        named[name] = value
    if "train" not in named:
        raise UsageError("the fractions leave nothing to train on: give train=…")
    total = sum(named.values())
    if abs(total - 1) > 1e-6:
        said = " + ".join(f"{name} {value:g}" for name, value in named.items())
        raise UsageError(f"the fractions sum to {total:g} and not to 1: {said}")
    return {name: named[name] for name in SPLITS if name in named}


def without(fractions: Mapping[str, float], name: str) -> dict[str, float]:
    """Return the fractions of the other splits, made to sum to 1.

    >>> without({"train": 0.6, "validation": 0.2, "test": 0.2}, "test")
    {'train': 0.75, 'validation': 0.25}
    """
    left = {other: value for other, value in fractions.items() if other != name}
    total = sum(left.values())
    return {other: round(value / total, 12) for other, value in left.items()}


def parse_names(given: Iterable[str]) -> dict[str, str]:
    """Return what values of a column mean, from pairs like `fold 3=test`.

    >>> parse_names(["fold 3=test"])
    {'fold 3': 'test'}
    """
    names = {}
    for pair in given:
        value, equals, name = pair.rpartition("=")
        if not equals:
            raise UsageError(f"--map {pair}: write it as VALUE=SPLIT, as in 'fold 3=test'")
        names[value] = name
    return names
