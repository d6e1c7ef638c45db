"""Thresholds that keep a precision on text nobody has seen yet, and not only on the rows they were fitted on."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tamis.decide.rule import Rule
from tamis.tasks import Floats, Task, ancestors

Numbers = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_STEP = 1.1  # each threshold tried lets so many times more rows through than the one before
_RISKS = (0.5, 0.25, 0.25)  # of a promise that breaks, shared out among the starts
_PARTS = (1.0, 0.6, 0.35)  # of the rows of the first start that the others let through
_MANY = 1000  # rows from which on a normal curve is as good as the exact sum


def precision_thresholds(
    task: Task,
    probabilities: Numbers,
    truth: npt.NDArray[np.generic],
    *,
    target: float,
    confidence: float,
    each: bool = True,
) -> tuple[dict[str, float | None], list[str]]:
    """Return the loosest threshold of each label that keeps the target precision, and notes on those without one.

    Without `each`, all labels share one threshold, and the precision is that of all together.

    Labels that have too few rows for a threshold of their own share one. A label for which no threshold keeps the
    target is never said (None): silence is better than a promise that breaks.
    """
    names = task.label_set.names
    thresholds: dict[str, float | None] = {}
    notes: list[str] = []
    if task.exclusive:
        verdict = Rule().apply(task, probabilities)
        right = verdict.said == truth
        chosen = [verdict.said == label for label in range(len(names))]
        found = [
            loosest(verdict.score[rows], right[rows], target=target, confidence=confidence) if each else None
            for rows in chosen
        ]
        thresholds = dict(zip(names, found, strict=True))
        without = [label for label in range(len(names)) if found[label] is None]
        if len(without) > 1:
            rows = np.isin(verdict.said, without)
            shared = loosest(verdict.score[rows], right[rows], target=target, confidence=confidence)
            if shared is not None:
                thresholds |= {names[label]: shared for label in without}
            if shared is not None and each:
                notes.append(
                    f"{_listed([names[label] for label in without])} share one threshold: the precision of "
                    f"{target:g} is promised for them together, as each alone has too few sure rows"
                )
    else:
        implies = ancestors(task.label_set, getattr(task, "parents", {}))
        passes = np.zeros(probabilities.shape, np.bool_)
        for label in np.argsort(implies.sum(1), kind="stable").tolist():  # parents before children
            above = [other for other in np.flatnonzero(implies[label]).tolist() if other != label]
            rows = np.asarray(passes[:, above].all(axis=1))
            scores, bears = probabilities[rows, label], truth[rows, label] > 0.5
            least = loosest(scores, bears, target=target, confidence=confidence)
            thresholds[names[label]] = least
            passes[:, label] = rows & (probabilities[:, label] >= (np.inf if least is None else least))
    never = [name for name in names if thresholds[name] is None]
    if never:
        whole = len(never) == len(names)
        notes.append(
            f"{'no label' if whole else _listed(never)}: no threshold keeps a precision of {target:g} for sure, so "
            f"{'the model always keeps silent' if whole else 'the model keeps silent instead'}. It takes at least "
            f"{fewest_rows(target, confidence)} sure rows without an error, or more with a few: label more calibration "
            "rows, or lower decide.precision"
        )
    return {name: thresholds[name] for name in names}, notes


def loosest(scores: Floats, right: Bools, *, target: float, confidence: float) -> float | None:
    """Return the lowest threshold above which the precision is `target` for sure, or None.

    The first threshold tried is the loosest that should pass by the scores alone, then come ever looser ones until one
    fails: a sequence that the true labels did not choose may be followed at no cost in certainty. Two stricter starts,
    which share the risk, serve scores that promise too much.
    """
    order = np.argsort(-scores, kind="stable")
    ranked, correct = scores[order].astype(np.float64), np.cumsum(right[order])
    sizes = np.array(_sizes(fewest_rows(target, 1 - (1 - confidence) * _RISKS[0]), len(ranked)), np.int64)
    if not len(sizes):
        return None
    sizes = np.unique(np.searchsorted(-ranked, -ranked[sizes - 1], side="right"))  # equal scores go together
    first = _first(sizes, sizes - np.cumsum(ranked)[sizes - 1], target=target)
    best = 0
    for risk, part in zip(_RISKS, _PARTS, strict=True):
        start = int(np.searchsorted(sizes, sizes[first] * part))
        for through in sizes[start:].tolist():
            sure = 1 - (1 - confidence) * risk
            if not keeps(int(correct[through - 1]), through, target=target, confidence=sure):
                break
            best = max(best, through)
    return float(ranked[best - 1]) if best else None


def _first(sizes: npt.NDArray[np.int64], wrong: Numbers, *, target: float) -> int:
    """Return the place of the loosest threshold that is likely to pass, when so many rows above each may be wrong."""
    spread = np.sqrt(sizes * target * (1 - target))
    allowed = sizes * (1 - target) - 2.8 * spread  # 1.96 for the long run, times 1.4 for as many rows again
    margin = (allowed - wrong) / np.sqrt(np.maximum(wrong, 0.5))
    likely = np.flatnonzero(margin >= 1.3)
    return int(likely[-1]) if len(likely) else int(np.argmax(margin))


def keeps(right: int, rows: int, *, target: float, confidence: float) -> bool:
    """Return whether so many right rows show a precision of `target`, in the long run and on as many rows again."""
    from scipy.stats import beta, betabinom, norm

    slip = 1 - confidence
    if right < target * rows or float(beta.ppf(slip, right, rows - right + 1)) < target:
        return False
    if rows > _MANY:
        share = (right + 0.5) / (rows + 1)
        return bool(share - norm.ppf(confidence) * math.sqrt(2 * share * (1 - share) / rows) >= target)
    return bool(betabinom.sf(math.ceil(target * rows) - 1, rows, right + 0.5, rows - right + 0.5) >= confidence)


def fewest_rows(target: float, confidence: float) -> int:
    """Return how many rows without any error show a precision of `target`."""
    return math.ceil(math.log(1 - confidence) / math.log(target))


def _sizes(first: int, rows: int) -> list[int]:
    sizes = []
    size = float(first)
    while size < rows:
        sizes.append(math.ceil(size))
        size *= _STEP
    return [*sizes, rows] if rows >= first else []


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:10])) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
