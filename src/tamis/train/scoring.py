"""Scoring: how good are probabilities on rows whose labels are known, while a model is made?"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tamis.tasks import Task
from tamis.train.rows import TrainingRows

_TOLD = (
    "accuracy", "subset_accuracy", "macro_f1", "weighted_f1", "micro_f1", "mae", "quadratic_kappa",
    "hierarchy_consistency", "log_loss",
)  # fmt: skip


def score_rows(task: Task, rows: TrainingRows, probabilities: npt.NDArray[np.float64]) -> dict[str, float]:
    """Return the scores that a person follows a training by, the one it is steered by first."""
    scores = task.tally(task.truth(rows.labels), probabilities).score()
    names = dict.fromkeys([task.main_metric, *_TOLD])
    if "accuracy" in scores:  # where each text has one label, micro F1 is the accuracy
        del names["micro_f1"]
    return {name: scores[name] for name in names if name in scores and math.isfinite(scores[name])}
