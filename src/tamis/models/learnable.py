"""Whether rows can teach a task anything: at least two labels, each on at least two rows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import DataError
from tamis.tasks import Codes, Task

LEAST_ROWS = 2


def check_learnable(task: Task, targets: npt.NDArray[Any], *, least_rows: int = LEAST_ROWS) -> None:
    """Raise what is wrong with the targets of the training rows (from `task.encode`), if anything is.

    Of one label a text, each must be on `least_rows` rows, or on none.
    """
    names = task.outputs
    counts = label_counts(task, targets)
    labelled = len(known_rows(targets))
    if not labelled:
        raise DataError("no training row has a label", hint="tamis data show tells what the label column holds")
    if not task.exclusive:
        if not ((counts > 0) & (counts < labelled)).any():
            raise DataError(
                f"there is nothing to tell apart: each of {len(names)} labels stands on all of the {labelled} training "
                "rows or on none",
                hint="a label is learned from rows that bear it and rows that do not",
            )
        return
    present = [name for name, count in zip(names, counts, strict=True) if count]
    if len(present) < 2:
        raise DataError(
            f"all {labelled} training rows are labelled {present[0]!r}: there is nothing to tell apart",
            hint="a classifier needs two labels or more; tamis data show tells which there are in each split",
        )
    lone = [name for name, count in zip(names, counts, strict=True) if 0 < count < least_rows]
    if lone:
        shown = ", ".join(repr(name) for name in lone[:5]) + (", …" if len(lone) > 5 else "")
        raise DataError(
            f"only one training row is labelled {shown}: a label is learned from {least_rows} rows or more",
            hint="add rows, merge the label with another, or leave it out",
        )


def label_counts(task: Task, targets: npt.NDArray[Any]) -> Codes:
    """Return how many rows bear each label."""
    known = targets[known_rows(targets)]
    if not task.exclusive:
        return np.asarray((known > 0.5).sum(axis=0), np.int64)
    return np.bincount(class_numbers(known), minlength=len(task.outputs)).astype(np.int64)


def class_numbers(targets: npt.NDArray[Any]) -> Codes:
    """Return the number of each row's one label, whether it is encoded as that or as answers to "is it above?"."""
    return targets.astype(np.int64) if targets.ndim == 1 else np.nansum(targets, axis=1).astype(np.int64)


def known_rows(targets: npt.NDArray[Any]) -> Codes:
    """Return the numbers of the rows that have a label."""
    known = targets >= 0 if targets.ndim == 1 else ~np.isnan(targets).any(axis=1)
    return np.flatnonzero(known)
