"""Confusion: what was answered for what was true, and the mistakes the model was surest of."""

from __future__ import annotations

import numpy as np

from tamis.evaluate.report import Confusion, Mistake
from tamis.evaluate.rows import ScoredRows
from tamis.evaluate.silence import confidence


def confusion_of(rows: ScoredRows) -> Confusion | None:
    """Return the counts of truth against answers; None for spans, which have no rows to count."""
    if rows.task.problem_type == "token_classification":
        return None
    names = rows.task.label_set.names
    truth = np.asarray(rows.truth)[rows.known]
    said = np.asarray(
        rows.task.truth([answer for answer, known in zip(rows.answers, rows.known, strict=True) if known])
    )
    if rows.task.exclusive:
        pairs = np.bincount(truth * len(names) + said, minlength=len(names) ** 2).reshape(len(names), len(names))
        counts = tuple(tuple(line) for line in pairs.tolist())
        return Confusion(labels=names, counts=counts, exclusive=True)
    bears, says = truth > 0.5, said > 0.5
    parts = (~bears & ~says, ~bears & says, bears & ~says, bears & says)
    table = np.stack([part.sum(0) for part in parts], axis=1) if len(truth) else np.zeros((len(names), 4), int)
    return Confusion(labels=names, counts=tuple(tuple(line) for line in table.tolist()), exclusive=False)


def worst_mistakes(rows: ScoredRows, *, most: int) -> tuple[Mistake, ...]:
    """Return the wrong answers, the surest first."""
    sure = confidence(rows)
    wrong = np.flatnonzero(rows.wrong > 0)
    order = wrong[np.argsort(-sure[wrong], kind="stable")][:most]
    return tuple(
        Mistake(
            id=rows.ids[row],
            row=row,
            text=rows.texts[row],
            truth=rows.task_labels[row],
            answer=rows.answers[row],
            confidence=float(sure[row]),
            silent=not rows.answered[row],
            reason=rows.predictions[row].reason,
        )
        for row in order.tolist()
    )
