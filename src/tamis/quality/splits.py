"""What the names of splits mean: which one is learned from, and which row gives way when two hold the same text."""

from __future__ import annotations

_TRAIN = ("train", "training", "tr")
_TUNE = ("validation", "valid", "val", "dev", "devel", "development", "tune")


def is_train(split: str) -> bool:
    """Return whether a split is the one that models learn from."""
    return split.strip().casefold() in _TRAIN


def standing(split: str) -> int:
    """Return 0 for training, 1 for validation, 2 for test and all others: the lower one gives way.

    >>> [standing(name) for name in ("train", "dev", "test", "holdout")]
    [0, 1, 2, 2]
    """
    name = split.strip().casefold()
    return 0 if name in _TRAIN else 1 if name in _TUNE else 2
