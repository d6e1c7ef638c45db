"""Hierarchy: which label implies which, as in UNT implies OFF."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tamis.core import LabelSet, UsageError, did_you_mean


def ancestors(label_set: LabelSet, parents: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Return a table of yes and no: does the row's label imply the column's? Each implies itself.

    >>> ancestors(LabelSet(["OFF", "UNT"]), {"UNT": "OFF"}).astype(int).tolist()
    [[1, 0], [1, 1]]
    """
    for child, parent in parents.items():
        for name in (child, parent):
            if name not in label_set:
                raise UsageError(
                    f"parents: {child}: {parent}: there is no label {name!r}. Labels: {', '.join(label_set)}."
                    f"{did_you_mean(name, label_set)}"
                )
    implies = np.eye(len(label_set), dtype=np.bool_)
    for child in parents:
        path = [child]
        while path[-1] in parents:
            path.append(parents[path[-1]])
            if path[-1] in path[:-1]:
                circle = path[path.index(path[-1]) :]
                raise UsageError(f"parents go round in a circle: {' -> '.join(circle)}", hint="leave one of them out")
        implies[label_set.index(child), [label_set.index(name) for name in path]] = True
    return implies
