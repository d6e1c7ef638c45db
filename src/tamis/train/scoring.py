"""Scoring: how good are probabilities on rows whose labels are known, while a model is made?"""

from __future__ import annotations

from tamis.tasks import Floats, Task
from tamis.train.rows import TrainingRows


def main_metric(task: Task) -> str:
    """Return the name of the score that choices go by."""
    return "accuracy"


def score_rows(task: Task, rows: TrainingRows, probabilities: Floats) -> dict[str, float]:
    """Return the scores by name."""
    import numpy as np

    right = [chosen == told for chosen, told in zip(task.choose(probabilities), rows.labels.to_pylist(), strict=True)]
    return {"accuracy": float(np.mean(right))}
