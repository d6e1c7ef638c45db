"""Embed: what a frozen encoder says of texts, each read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tamis.core import Progress, Silent
from tamis.features import TokenRows, length_batches
from tamis.models import pooled
from tamis.train.judge import mean_by_text
from tamis.train.precision import Arithmetic

_TOKENS = 4096  # of a pass


def text_means(
    model: Any, tokens: TokenRows, *, pad: int, arithmetic: Arithmetic, progress: Progress = Silent()
) -> npt.NDArray[np.float32]:
    """Return the mean of the last layer over each text's tokens, whatever the head reads."""
    return embed(
        lambda ids, mask: pooled(model.base_model(input_ids=ids, attention_mask=mask)[0], mask),
        tokens,
        pad=pad,
        arithmetic=arithmetic,
        progress=progress,
    )


def embed(
    read: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    tokens: TokenRows,
    *,
    pad: int,
    arithmetic: Arithmetic,
    progress: Progress = Silent(),
) -> npt.NDArray[np.float32]:
    """Return what `read` makes of ids and mask for each text, in batches of like length; windows have their mean."""
    parts = []
    with torch.inference_mode(), progress.track("embedding", total=len(tokens), unit="texts") as advance:
        for pieces in length_batches(tokens.sizes, batch_tokens=_TOKENS):
            ids, mask = (torch.from_numpy(part).to(arithmetic.device) for part in tokens.padded(pieces, pad=pad))
            with arithmetic.shortened():
                parts.append((pieces, read(ids, mask).float().cpu().numpy()))
            advance(len(pieces))
    return mean_by_text(parts, tokens)
