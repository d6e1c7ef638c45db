"""Counts: how many rows of each class each split has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tamis.split.names import SPLITS
from tamis.split.rows import UNLABELLED
from tamis.split.stratified import Splits
from tamis.tasks import Strata

NO_SPLIT = "none"

Counts = Mapping[str, Mapping[str, int]]
"""Rows by split and class. A row of several labels counts for each of them."""


def count_classes(strata: Strata, splits: Splits, weights: npt.NDArray[np.int32], names: Sequence[str]) -> Counts:
    """Return rows by split and class; `weights` says how often each row is there."""
    return {
        split: _classes(strata, (splits == number) * weights, names)
        for number, split in _numbers()
        if (splits == number).any()
    }


def count_rows(splits: Splits, weights: npt.NDArray[np.int32]) -> dict[str, int]:
    """Return rows by split."""
    return {split: int(weights[splits == number].sum()) for number, split in _numbers() if (splits == number).any()}


def _classes(strata: Strata, weights: npt.NDArray[np.int32], names: Sequence[str]) -> dict[str, int]:
    sizes = strata.sizes
    counts = np.bincount(strata.codes, weights=np.repeat(weights, sizes), minlength=len(names)).astype(np.int64)
    named = dict(zip(names, counts.tolist(), strict=True))
    named = {name: count for name, count in named.items() if count or name in names[:-1]}
    unlabelled = int(weights[sizes == 0].sum())
    return {**named, UNLABELLED: unlabelled} if unlabelled else named


def _numbers() -> list[tuple[int, str]]:
    return [*enumerate(SPLITS), (-1, NO_SPLIT)]
