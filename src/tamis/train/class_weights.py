"""Class weights: how much the rows of each label count."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tamis.core import UsageError, did_you_mean
from tamis.tasks import Task
from tamis.train.rows import TrainingRows


def label_weights(task: Task, rows: TrainingRows, setting: str | Mapping[str, float]) -> npt.NDArray[np.float32] | None:
    """Return a number for each label, in the order of the label set; None when all rows count alike.

    `balanced` gives each label the same say: what a rare label's rows lack in number they have in weight. The weights
    of the rows have a mean of 1, so that the learning rate means the same with them and without.
    """
    if setting == "none":
        return None
    names = task.label_set.names
    counts = np.bincount(task.strata(rows.labels).codes, minlength=len(names) + 1)[: len(names)]
    if isinstance(setting, Mapping):
        for name in setting:
            if name not in task.label_set:
                raise UsageError(
                    f"class_weights: there is no label {name!r}. Labels: {', '.join(names)}.{did_you_mean(name, names)}"
                )
        return np.array([setting.get(name, 1.0) for name in names], dtype=np.float32)
    seen = counts > 0
    weights = np.ones(len(names))
    weights[seen] = counts[seen].sum() / (seen.sum() * counts[seen])
    return weights.astype(np.float32)
