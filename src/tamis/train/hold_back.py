"""Which rows are held back for validation when nobody made splits: the same share of each class, at random."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.tasks import Strata


def hold_back(strata: Strata, *, share: float, seed: int) -> npt.NDArray[np.bool_]:
    """Return which rows to hold back. No class gives its last row away; rows without label stay.

    Rows with the same labels are one class here.

    >>> strata = Strata.one_each(np.array([0, 0, 0, 0, 1]))
    >>> int(hold_back(strata, share=0.5, seed=0).sum())
    2
    """
    held = np.zeros(len(strata), dtype=np.bool_)
    groups: dict[tuple[int, ...], list[int]] = {}
    for row in np.flatnonzero(strata.sizes):
        groups.setdefault(tuple(strata.of(int(row)).tolist()), []).append(int(row))
    rng = np.random.default_rng(seed)
    owed = 0.0
    for labels in sorted(groups):
        rows = rng.permutation(groups[labels])
        owed += share * len(rows)
        taken = min(int(owed + 0.5), len(rows) - 1)
        held[rows[:taken]] = True
        owed -= taken
    return held
