"""fit_head: the linear head of a probe, fitted to the features of its texts in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tamis.models.learnable import check_learnable, known_rows
from tamis.tasks import Task

if TYPE_CHECKING:
    import torch

PULLS = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""How strongly the weights are held near nothing; which is right, validation says."""
_WITHOUT_VALIDATION = 0.03

Floats32 = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """A linear layer."""

    weights: Floats32
    """outputs x features."""
    bias: Floats32
    pull: float
    """How strongly the weights were held near nothing."""

    def logits(self, features: Floats32) -> Floats32:
        """Return a row of logits for each row of features."""
        return features @ self.weights.T + self.bias


def fit_head(
    features: Floats32,
    targets: npt.NDArray[Any],
    task: Task,
    *,
    validation: tuple[Floats32, npt.NDArray[Any]] | None = None,
    row_weights: npt.NDArray[np.floating[Any]] | None = None,
    label_weights: npt.NDArray[np.floating[Any]] | None = None,
    smoothing: float = 0.0,
    focal: float = 0.0,
    pulls: Sequence[float] = PULLS,
) -> Head:
    """Return the linear layer with the least of the task's own loss; of several pulls, the best on validation.

    Rows without label are left out.
    """
    import torch

    check_learnable(task, targets, least_rows=1)
    kept = known_rows(targets)
    middle, spread = features[kept].mean(axis=0), features[kept].std(axis=0)
    spread = np.where(spread > 1e-8, spread, 1.0).astype(np.float32)

    def scaled(table: Floats32) -> torch.Tensor:
        return torch.from_numpy(np.ascontiguousarray((table - middle) / spread, np.float32))

    rows = None if row_weights is None else torch.from_numpy(np.asarray(row_weights, np.float32)[kept])
    labels = None if label_weights is None else torch.from_numpy(np.asarray(label_weights, np.float32))
    given, wanted = scaled(features[kept]), torch.from_numpy(targets[kept])
    weights = torch.zeros(len(task.outputs), features.shape[1], requires_grad=True)
    bias = torch.zeros(len(task.outputs), requires_grad=True)

    def loss(pull: float) -> torch.Tensor:
        each = task.loss(given @ weights.T + bias, wanted, weights=labels, smoothing=smoothing, focal=focal)
        mean = each.mean() if rows is None else (each * rows).sum() / rows.sum()
        return mean + pull / 2 * weights.square().sum()

    judged = np.zeros(0, np.int64) if validation is None else known_rows(validation[1])
    if validation is None or not len(judged):
        pull = _WITHOUT_VALIDATION if _WITHOUT_VALIDATION in pulls else pulls[0]
        _minimise(lambda: loss(pull), [weights, bias])
        return Head(*_unscaled(weights, bias, middle, spread), pull)
    seen, right = scaled(validation[0][judged]), torch.from_numpy(validation[1][judged])
    best: tuple[float, Head] | None = None
    for pull in sorted(pulls, reverse=True):
        _minimise(lambda pull=pull: loss(pull), [weights, bias])
        with torch.no_grad():
            cost = task.loss(seen @ weights.T + bias, right, weights=None, smoothing=0.0, focal=0.0).mean().item()
        if best is not None and cost >= best[0]:
            break  # it has one valley
        best = (cost, Head(*_unscaled(weights, bias, middle, spread), pull))
    assert best is not None
    return best[1]


def _minimise(loss: Any, parameters: list[torch.Tensor]) -> None:
    import torch

    solver = torch.optim.LBFGS(
        parameters, max_iter=200, history_size=10, tolerance_grad=1e-5, line_search_fn="strong_wolfe"
    )

    def step() -> torch.Tensor:
        solver.zero_grad()
        value: torch.Tensor = loss()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    solver.step(step)  # type: ignore[no-untyped-call]


def _unscaled(
    weights: torch.Tensor, bias: torch.Tensor, middle: Floats32, spread: Floats32
) -> tuple[Floats32, Floats32]:
    """The same scores from features as they come."""
    wide = weights.detach().double().numpy() / spread
    return wide.astype(np.float32), (bias.detach().double().numpy() - wide @ middle).astype(np.float32)
