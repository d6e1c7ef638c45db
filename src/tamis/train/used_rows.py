"""Used rows: of a word-embedding matrix only the rows that the training texts have, as weights that learn.

The others never get a gradient, and word embeddings do not shrink (see `optimizer`), so leaving them out changes
nothing; but the optimizer, the gradient and every checkpoint are smaller by them: half of a small model's weights.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from torch import Tensor, nn

from tamis.features import TokenRows

_TOKENS = 2**22  # counted at a time


class UsedRows(nn.Module):
    """Stands in for an embedding while it is trained; outside training the whole matrix answers, up to date."""

    place: Tensor

    def __init__(self, whole: nn.Embedding, used: Tensor) -> None:
        super().__init__()
        self.whole = whole.requires_grad_(False)
        self.used = used
        self.rows = nn.Parameter(whole.weight.detach()[used].clone())
        place = torch.full((whole.num_embeddings,), -1)
        place[used] = torch.arange(len(used))
        self.register_buffer("place", place.to(whole.weight.device), persistent=False)
        self.padding = None if whole.padding_idx is None else int(place[whole.padding_idx])

    def forward(self, ids: Tensor) -> Tensor:
        """Return the embedding of each id."""
        if self.training:
            return F.embedding(self.place[ids], self.rows, padding_idx=self.padding)
        whole: Tensor = self.whole(ids)
        return whole

    def train(self, mode: bool = True) -> UsedRows:
        """Bring the whole matrix up to date when training pauses."""
        if not mode:
            self.write_back()
        return super().train(mode)

    def write_back(self) -> None:
        """Put what was learned into the whole matrix."""
        with torch.no_grad():
            self.whole.weight[self.used] = self.rows


def train_used_rows(model: Any, tokens: TokenRows, *, pad: int) -> None:
    """Put the rows that `tokens` use in the place of a model's word embeddings, if those learn and are plain ones."""
    whole = model.get_input_embeddings()
    if type(whole) is not nn.Embedding or not whole.weight.requires_grad or whole.max_norm or whole.scale_grad_by_freq:
        return
    counts = np.zeros(whole.num_embeddings, np.int64)
    for start in range(0, len(tokens.ids), _TOKENS):
        counts += np.bincount(tokens.ids[start : start + _TOKENS], minlength=len(counts))
    counts[[number for number in (pad, whole.padding_idx) if number is not None]] += 1
    model.set_input_embeddings(UsedRows(whole, torch.from_numpy(np.flatnonzero(counts))))


def restore_embeddings(model: Any) -> None:
    """Give a model its own word embeddings back, with what was learned."""
    part = model.get_input_embeddings()
    if isinstance(part, UsedRows):
        part.write_back()
        model.set_input_embeddings(part.whole.requires_grad_(True))
