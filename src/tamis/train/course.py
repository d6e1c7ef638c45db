"""Course: what is to be learned: tokens, targets and weights, cut into steps and passes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tamis.features import TokenRows
from tamis.tasks import Task
from tamis.train.batches import Rows, passes, plan_epoch, share_of
from tamis.train.config import TrainSettings
from tamis.train.precision import Arithmetic
from tamis.train.workers import Workers


@dataclass(frozen=True)
class Pass:
    """Some rows that go through the model together."""

    ids: Tensor
    mask: Tensor
    targets: Tensor
    weights: Tensor
    """Of the rows, such that the weights of all rows of a step are 1 together: losses times them add up to a mean."""
    tokens: int
    padded_tokens: int


@dataclass(frozen=True, kw_only=True)
class Course:
    """Training rows and how they are gone through. What is read of a text in windows are rows of their own here."""

    task: Task
    tokens: TokenRows
    targets: npt.NDArray[Any]
    """Of each text."""
    weights: npt.NDArray[np.float32] | None
    """Of each text; None: all alike."""
    class_weights: Tensor | None
    settings: TrainSettings
    seed: int
    arithmetic: Arithmetic
    workers: Workers
    forward: Callable[[Tensor, Tensor], Tensor]
    """From ids and mask to logits."""
    packed: bool
    """Whether `forward` computes no padding."""
    pad: int

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many tokens each row has."""
        return self.tokens.sizes

    @cached_property
    def row_weights(self) -> npt.NDArray[np.float64] | None:
        """How much each row counts; None: all alike."""
        texts = self.tokens.texts
        windowed = len(self.tokens) > len(self.targets)
        if self.weights is None and not windowed:
            return None
        weights = np.ones(len(self.targets)) if self.weights is None else self.weights.astype(np.float64)
        return np.asarray((weights / np.bincount(texts, minlength=len(weights)))[texts])

    @property
    def step_rows(self) -> int:
        """The most rows of a step, over all its batches and all workers."""
        return self.settings.batch_rows * self.settings.accumulate

    @cached_property
    def steps_each(self) -> int:
        """How many steps an epoch has."""
        return -(-len(self.tokens) // self.step_rows)

    @property
    def steps_all(self) -> int:
        """How many steps all epochs have."""
        return self.steps_each * self.settings.epochs

    def steps(self, epoch: int) -> list[Rows]:
        """Return the rows of each step of an epoch."""
        return plan_epoch(self.sizes, batch_rows=self.step_rows, seed=self.seed, epoch=epoch)

    def passes(self, step: Rows) -> Iterator[Pass]:
        """Yield this worker's share of a step."""
        weights = self.row_weights
        whole = len(step) if weights is None else max(float(weights[step].sum()), 1e-12)
        mine = share_of(step, self.sizes, rank=self.workers.rank, workers=self.workers.count)
        device = self.arithmetic.device
        limits = {"batch_tokens": self.settings.batch_tokens, "batch_rows": self.settings.batch_rows}
        for rows in passes(mine, self.sizes, **limits):
            ids, mask = self.tokens.padded(rows, pad=self.pad)
            counts = np.ones(len(rows)) if weights is None else weights[rows]
            tokens = int(mask.sum())
            yield Pass(
                ids=torch.from_numpy(ids).to(device, non_blocking=True),
                mask=torch.from_numpy(mask).to(device, non_blocking=True),
                targets=torch.from_numpy(self.targets[self.tokens.texts[rows]]).to(device, non_blocking=True),
                weights=torch.from_numpy((counts / whole).astype(np.float32)).to(device, non_blocking=True),
                tokens=tokens,
                padded_tokens=tokens if self.packed else mask.size,
            )

    def loss(self, one: Pass) -> Tensor:
        """Return this pass's part of the step's mean loss."""
        with self.arithmetic.shortened():
            logits = self.forward(one.ids, one.mask)
        rows = self.task.loss(
            logits.float(),
            one.targets,
            weights=self.class_weights,
            smoothing=self.settings.smoothing,
            focal=self.settings.focal,
        )
        return (rows * one.weights).sum()
