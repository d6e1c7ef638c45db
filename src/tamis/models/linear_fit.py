"""fit_linear: a linear model of terms is learned from labelled texts."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tamis.core import UsageError
from tamis.features import SparseRows, learn_tfidf
from tamis.models.learnable import check_learnable, class_numbers, known_rows
from tamis.models.linear import LinearModel, as_scipy
from tamis.tasks import Floats, Task, sigmoid, softmax

STRENGTHS = (0.25, 1.0, 4.0, 16.0, 64.0)
"""How much the rows count against small weights (scikit-learn's C); validation chooses."""
CHARACTERS = (2, 5)
"""Pieces of words of so many letters: they cost a few seconds, and bring points where words are misspelt or rare."""
_WITHOUT_VALIDATION = 4.0
_MANY_ROWS = 1000
"""From so many rows on, a term has to stand in two of them."""
_TOO_LONG_FOR_PIECES = 3_000_000
"""Beyond so many characters in all texts words say enough, and pieces would take a minute and not seconds."""

Sparse = list[SparseRows]


def fit_linear(
    texts: Callable[[], Iterable[str]] | Sequence[str],
    targets: npt.NDArray[Any],
    task: Task,
    *,
    validation: tuple[Sequence[str], npt.NDArray[Any]] | None = None,
    row_weights: npt.NDArray[np.floating[Any]] | None = None,
    label_weights: npt.NDArray[np.floating[Any]] | None = None,
    characters: tuple[int, int] | Literal["auto"] | None = "auto",
    max_terms: int | None = 200_000,
    strengths: Sequence[float] = STRENGTHS,
) -> tuple[LinearModel, dict[str, Any]]:
    """Return a linear model of cleaned texts, and what was chosen on the way (terms, strength, validation loss).

    `targets` are from `task.encode`; rows without label are left out. With validation rows the strength that gives
    the smallest loss on them is taken. `label_weights` say how much a row counts for the labels it bears.
    `characters` adds pieces of words of so many letters; auto does unless there is very much text.

    >>> from tamis.core import LabelSet
    >>> from tamis.tasks import SingleLabel
    >>> task = SingleLabel(LabelSet(["bad", "good"]))
    >>> model, chosen = fit_linear(["good film", "good book", "bad film", "bad book"], np.array([1, 1, 0, 0]), task)
    >>> [task.choose(task.probabilities(model.logits(["a good one"])))]
    [['good']]
    """
    check_learnable(task, targets, least_rows=1)
    if any(not strength > 0 for strength in strengths) or not strengths:
        raise UsageError(f"strengths {tuple(strengths)}: one or more numbers above 0")
    kept = known_rows(targets)
    read = list(texts() if callable(texts) else texts)
    rows = read if len(kept) == len(read) else [read[place] for place in kept.tolist()]
    least = 2 if len(rows) >= _MANY_ROWS else 1
    parts = [learn_tfidf(rows, ngrams=(1, 2), min_rows=least, max_terms=max_terms)]
    if characters == "auto":
        characters = CHARACTERS if sum(map(len, rows)) <= _TOO_LONG_FOR_PIECES else None
    if characters is not None:
        parts.append(learn_tfidf(rows, analyzer="characters", ngrams=characters, min_rows=least, max_terms=max_terms))
    weights = None if row_weights is None else np.asarray(row_weights, np.float64)[kept]
    fitting = _Fitting(task, as_scipy(part.transform(rows) for part in parts), targets[kept], weights, label_weights)
    width = sum(map(len, parts))
    empty = np.zeros((width, len(task.outputs)), np.float32)
    model = LinearModel(task.outputs, tuple(parts), empty, np.zeros(len(task.outputs), np.float32))
    if validation is None or not len(known_rows(validation[1])):
        strength = _WITHOUT_VALIDATION if _WITHOUT_VALIDATION in strengths else strengths[0]
        found = fitting.at(strength)
        return replace(model, weights=found[0], bias=found[1]), {"terms": width, "strength": strength}
    judged = known_rows(validation[1])
    tables: Sparse = [part.transform([validation[0][place] for place in judged.tolist()]) for part in parts]
    best: tuple[float, float, LinearModel] | None = None
    for strength in sorted(strengths):
        found = fitting.at(strength)
        candidate = replace(model, weights=found[0], bias=found[1])
        loss = log_loss(task, candidate.scores(tables), validation[1][judged])
        if best is not None and loss >= best[0]:
            break  # it has one valley
        best = (loss, strength, candidate)
    assert best is not None
    return best[2], {"terms": width, "strength": best[1], "validation_loss": best[0]}


def log_loss(task: Task, logits: Floats, targets: npt.NDArray[Any]) -> float:
    """Return the mean cost of the probabilities that were given to what was true; every row has its label."""
    if not task.exclusive:
        yes = sigmoid(logits).clip(1e-12, 1 - 1e-12)
        return float(-(targets * np.log(yes) + (1 - targets) * np.log(1 - yes)).mean())
    sure = softmax(logits)[np.arange(len(targets)), class_numbers(targets)]
    return float(-np.log(sure.clip(1e-12)).mean())


class _Fitting:
    """scikit-learn's solver, started for each strength where the one before it ended."""

    def __init__(
        self,
        task: Task,
        table: Any,
        targets: npt.NDArray[Any],
        row_weights: npt.NDArray[np.floating[Any]] | None,
        label_weights: npt.NDArray[np.floating[Any]] | None,
    ) -> None:
        self._table = table
        self._multi = not task.exclusive
        self._outputs = len(task.outputs)
        rows = np.ones(table.shape[0]) if row_weights is None else row_weights
        labels = np.ones(self._outputs) if label_weights is None else np.asarray(label_weights, np.float64)
        if self._multi:
            self._targets = [(targets[:, label] > 0.5).astype(np.int64) for label in range(self._outputs)]
            self._weights = [
                rows * np.where(bears, weight, 1.0) for bears, weight in zip(self._targets, labels, strict=True)
            ]
        else:
            self._targets = [class_numbers(targets)]
            self._weights = [rows * labels[self._targets[0]]]
        self._solvers: dict[int, Any] = {}

    def at(self, strength: float) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Return weights (terms x outputs) and bias."""
        weights = np.zeros((self._table.shape[1], self._outputs), np.float32)
        bias = np.zeros(self._outputs, np.float32)
        for place, targets in enumerate(self._targets):
            present = np.unique(targets)
            if len(present) == 1:  # a label that all rows bear, or none
                bias[place] = np.log(len(targets) + 1) * (1 if present[0] else -1)
                continue
            coefficients, intercepts = self._solve(place, strength)
            if self._multi:
                weights[:, place], bias[place] = coefficients[0], intercepts[0]
                continue
            if len(present) == 2:  # scikit-learn has one number for two labels; here each has its own
                coefficients = np.concatenate([-coefficients, coefficients]) / 2
                intercepts = np.concatenate([-intercepts, intercepts]) / 2
            weights[:, present] = coefficients.T
            bias[:] = intercepts.min() - np.log(len(targets) + 1)  # a label never seen is less likely than any
            bias[present] = intercepts
        return weights, bias

    def _solve(self, place: int, strength: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.linear_model import LogisticRegression

        solver = self._solvers.setdefault(place, LogisticRegression(max_iter=300, warm_start=True))
        solver.set_params(C=strength)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # as good as it gets in so many rounds is good enough
            solver.fit(self._table, self._targets[place], sample_weight=self._weights[place])
        return solver.coef_, solver.intercept_
