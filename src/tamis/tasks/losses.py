"""Losses: how wrong are logits? Torch is imported when the first loss is taken, so that `tasks` stays light."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tamis.tasks.task import MASKED

if TYPE_CHECKING:
    import torch


def cross_entropy(
    logits: torch.Tensor, targets: torch.Tensor, *, weights: torch.Tensor | None, smoothing: float, focal: float
) -> torch.Tensor:
    """Return the cross-entropy of each row over its last dimension, 0 where the target is `MASKED`."""
    import torch.nn.functional as F  # noqa: N812 - its name everywhere

    rows = F.cross_entropy(
        logits.flatten(0, -2).float(),
        targets.flatten(),
        weight=weights,
        ignore_index=MASKED,
        label_smoothing=smoothing,
        reduction="none",
    ).view_as(targets)
    if not focal:
        return rows
    sure = logits.float().softmax(-1).gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    return rows * (1 - sure) ** focal


def binary_cross_entropy(
    log_yes: torch.Tensor,
    log_no: torch.Tensor,
    targets: torch.Tensor,
    *,
    weights: torch.Tensor | None,
    smoothing: float,
    focal: float,
) -> torch.Tensor:
    """Return the mean over several yes-or-no answers of each row, from their log-probabilities; NaN rows give 0."""
    import torch

    known = ~torch.isnan(targets)
    wanted = torch.where(known, targets, 0.0)
    if smoothing:
        wanted = wanted * (1 - smoothing) + smoothing / 2
    yes, no = -log_yes * wanted, -log_no * (1 - wanted)
    if focal:
        yes, no = yes * (1 - log_yes.exp()) ** focal, no * (1 - log_no.exp()) ** focal
    answers = (yes + no) if weights is None else (yes + no) * weights
    return (answers * known).mean(-1)
