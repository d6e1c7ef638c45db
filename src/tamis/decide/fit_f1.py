"""Thresholds for the best F1 where a text may have several labels, tuned together."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tamis.decide.rule import with_parents
from tamis.tasks import Task, ancestors

Numbers = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_DRAWS = 12
_CANDIDATES = 33
_FEWEST_POSITIVES = 8
_SWEEPS = 2


def f1_thresholds(
    task: Task, probabilities: Numbers, truth: npt.NDArray[np.generic], *, seed: int
) -> tuple[dict[str, float | None], list[str]]:
    """Return the threshold of each label with the best macro F1, and notes on those left at a half.

    One threshold after the other is moved while the others stand, since a parent that is silent silences its
    children. That is done on bootstrap draws and the mean is taken, so that no single row decides; a label keeps a
    half unless the rows outside the draws agree that the new threshold is better.
    """
    rng = np.random.default_rng(seed)
    bears, names = truth.astype(np.float64) > 0.5, task.label_set.names
    implies = ancestors(task.label_set, getattr(task, "parents", {}))
    rows, labels = probabilities.shape
    tunable = np.minimum(bears.sum(0), (~bears).sum(0)) >= _FEWEST_POSITIVES
    found, gains = [], []
    for _ in range(_DRAWS if rows * labels <= 1_000_000 else 3):
        drawn = rng.integers(0, rows, rows)
        outside = np.setdiff1d(np.arange(rows), drawn)
        thresholds = _ascend(probabilities[drawn], bears[drawn], implies, tunable)
        found.append(thresholds)
        half = _f1(with_parents(probabilities[outside] >= 0.5, implies), bears[outside])
        gains.append(_f1(with_parents(probabilities[outside] >= thresholds, implies), bears[outside]) - half)
    better = tunable & (np.mean(gains, axis=0) > 0)
    taken = np.where(better, np.mean(found, axis=0), 0.5)
    kept = [name for name, tuned in zip(names, better.tolist(), strict=True) if not tuned]
    few = [name for name, enough in zip(names, tunable.tolist(), strict=True) if not enough]
    notes = [f"{', '.join(map(repr, few))}: fewer than {_FEWEST_POSITIVES} rows with or without it"] if few else []
    if kept:
        notes.append(f"{', '.join(map(repr, kept))}: the threshold stays at 0.5")
    return dict(zip(names, taken.tolist(), strict=True)), notes


def _ascend(probabilities: Numbers, bears: Bools, implies: Bools, tunable: Bools) -> Numbers:
    thresholds = np.full(probabilities.shape[1], 0.5)
    depth = implies.sum(1)
    for _ in range(_SWEEPS):
        before = thresholds.copy()
        for label in np.argsort(depth, kind="stable")[tunable[np.argsort(depth, kind="stable")]].tolist():
            touched = np.flatnonzero(implies[:, label])  # itself and its children
            passes = probabilities >= thresholds
            candidates = np.unique(
                np.append(np.quantile(probabilities[:, label], np.linspace(0, 1, _CANDIDATES + 2)[1:-1]), 0.5)
            )
            scores = []
            for candidate in candidates:
                passes[:, label] = probabilities[:, label] >= candidate
                said = np.stack([passes[:, implies[other]].all(axis=1) for other in touched], axis=1)
                scores.append(float(_f1(said, bears[:, touched]).mean()))
            level = max(scores) - 1e-3  # the middle of the plateau is safer than its edge
            thresholds[label] = float(np.mean(candidates[np.array(scores) >= level]))
        if np.abs(thresholds - before).max() < 1e-6:
            break
    return thresholds


def _f1(said: Bools, bears: Bools) -> Numbers:
    both = (said & bears).sum(0)
    return np.asarray((2 * both + 1e-9) / (said.sum(0) + bears.sum(0) + 1e-9))
