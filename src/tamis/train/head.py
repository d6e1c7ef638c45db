"""Head: a linear layer fitted to embeddings that stay as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tamis.tasks import Task

PULLS = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
"""How strongly the weights are held near nothing; which is right, validation says."""

_STEPS = 200


@dataclass(frozen=True)
class Head:
    """A linear layer."""

    weights: npt.NDArray[np.float32]
    """outputs x width."""
    bias: npt.NDArray[np.float32]
    pull: float

    def logits(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return a row of logits for each row of features."""
        return features @ self.weights.T + self.bias


def fit_head(
    features: npt.NDArray[np.float32],
    targets: npt.NDArray[Any],
    task: Task,
    *,
    validation: tuple[npt.NDArray[np.float32], npt.NDArray[Any]] | None = None,
    row_weights: npt.NDArray[np.float32] | None = None,
    label_weights: npt.NDArray[np.float32] | None = None,
    smoothing: float = 0.0,
    focal: float = 0.0,
    pulls: Sequence[float] = PULLS,
) -> Head:
    """Return the linear layer with the least loss; of several pulls, the one that does best on validation."""
    mean, spread = features.mean(0), features.std(0) + 1e-6
    given = torch.from_numpy((features - mean) / spread)
    wanted = torch.tensor(targets)
    rows = torch.ones(len(given)) if row_weights is None else torch.tensor(row_weights)
    labels = None if label_weights is None else torch.tensor(label_weights)
    layer = torch.nn.Linear(features.shape[1], len(task.outputs))
    torch.nn.init.zeros_(layer.weight)
    torch.nn.init.zeros_(layer.bias)
    best: tuple[float, Head] | None = None
    for pull in sorted(pulls if validation else [_middle(pulls)], reverse=True):  # each begins where the last ended
        _fit(layer, given, wanted, task, rows, labels, smoothing, focal, pull)
        weights = layer.weight.detach().numpy() / spread
        head = Head(weights.astype(np.float32), (layer.bias.detach().numpy() - weights @ mean).astype(np.float32), pull)
        if validation is None:
            return head
        loss = _loss(head, validation, task)
        if best is None or loss < best[0]:
            best = (loss, head)
    assert best is not None
    return best[1]


def _fit(
    layer: torch.nn.Linear,
    given: torch.Tensor,
    wanted: torch.Tensor,
    task: Task,
    rows: torch.Tensor,
    labels: torch.Tensor | None,
    smoothing: float,
    focal: float,
    pull: float,
) -> None:
    newton = torch.optim.LBFGS(layer.parameters(), max_iter=_STEPS, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        newton.zero_grad()
        losses = task.loss(layer(given), wanted, weights=labels, smoothing=smoothing, focal=focal)
        loss = (losses * rows).sum() / rows.sum() + pull * layer.weight.square().sum() / 2
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    newton.step(closure)  # type: ignore[no-untyped-call]


def _loss(head: Head, validation: tuple[npt.NDArray[np.float32], npt.NDArray[Any]], task: Task) -> float:
    features, targets = validation
    logits = torch.from_numpy(head.logits(features))
    losses = task.loss(logits, torch.tensor(targets), weights=None, smoothing=0.0, focal=0.0)
    return float(losses.mean())


def _middle(pulls: Sequence[float]) -> float:
    return sorted(pulls)[len(pulls) // 2]
