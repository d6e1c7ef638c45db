"""Packed: how BERT and its like are trained without computing what nobody reads, with the same result.

The tokens of a pass lie end to end, without padding, in all but the attention. And the head reads the first token of
each text only, so of the last layer nothing else is computed. The modules and their weights are the model's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812 - its name everywhere
from torch import Tensor

from tamis.models import READS_FIRST_TOKEN

Forward = Callable[[Tensor, Tensor], Tensor]


def packed_forward(model: Any) -> Forward | None:
    """Return a function from padded ids and their mask to logits, or None for a model of another build."""
    config = model.config
    plain = config.model_type in READS_FIRST_TOKEN and config._attn_implementation == "sdpa" and not config.is_decoder
    return (lambda ids, mask: _logits(model, ids, mask)) if plain else None


@dataclass(frozen=True)
class _Layout:
    """Where the packed tokens lie in a padded table."""

    rows: int
    longest: int
    places: Tensor | None
    """Of each token in the flattened table; None when there is no padding."""
    mask: Tensor | None
    """What attention adds to its scores: minus infinity at padding."""

    @classmethod
    def of(cls, mask: Tensor, dtype: torch.dtype) -> _Layout:
        rows, longest = mask.shape
        shown = mask.bool()
        if bool(shown.all()):
            return cls(rows, longest, None, None)
        hidden = torch.zeros(rows, 1, 1, longest, dtype=dtype, device=mask.device)
        hidden.masked_fill_(~shown[:, None, None, :], float("-inf"))
        return cls(rows, longest, shown.flatten().nonzero().squeeze(1), hidden)

    def spread(self, packed: Tensor) -> Tensor:
        """Return packed tokens as a padded table."""
        if self.places is not None:
            packed = _Spread.apply(packed, self.places, self.rows * self.longest)  # type: ignore[no-untyped-call]
        return packed.view(self.rows, self.longest, -1)

    def pack(self, table: Tensor) -> Tensor:
        """Return the tokens of a padded table that are no padding."""
        flat = table.reshape(self.rows * self.longest, -1)
        return flat if self.places is None else _Pack.apply(flat, self.places)  # type: ignore[no-untyped-call]


def _logits(model: Any, ids: Tensor, mask: Tensor) -> Any:
    base = model.base_model
    embeddings = base.embeddings
    layout = _Layout.of(mask, embeddings.LayerNorm.weight.dtype)
    offset = 0 if model.config.model_type == "bert" else embeddings.padding_idx + 1  # RoBERTa counts from there
    positions = torch.arange(offset, offset + layout.longest, device=ids.device).expand(layout.rows, -1)
    if layout.places is not None:
        ids, positions = ids.flatten()[layout.places], positions.flatten()[layout.places]
    hidden = embeddings(input_ids=ids.view(1, -1), position_ids=positions.reshape(1, -1))[0]
    *lower, last = base.encoder.layer
    for layer in lower:
        hidden = _layer(layer, hidden, layout)
    first = _first_tokens(last, hidden, layout)
    if base.pooler is None:  # RoBERTa's head takes the first token itself
        return model.classifier(first)
    return model.classifier(model.dropout(base.pooler(first)))


def _layer(layer: Any, hidden: Tensor, layout: _Layout) -> Tensor:
    own = layer.attention.self
    query, key, value = _heads(own, (own.query, own.key, own.value), hidden, layout)
    read = layout.pack(_attend(own, query, key, value, layout.mask))
    return _rest(layer, read, hidden)


def _first_tokens(layer: Any, hidden: Tensor, layout: _Layout) -> Tensor:
    own = layer.attention.self
    key, value = _heads(own, (own.key, own.value), hidden, layout)
    first = layout.spread(hidden)[:, :1]
    query = own.query(first).view(layout.rows, 1, own.num_attention_heads, -1).transpose(1, 2)
    return _rest(layer, _attend(own, query, key, value, layout.mask), first)


def _heads(own: Any, parts: Sequence[Any], hidden: Tensor, layout: _Layout) -> tuple[Tensor, ...]:
    """What some of a layer's first matrices make of the tokens, by head; one product is quicker than one for each."""
    weight, bias = (torch.cat([getattr(part, name) for part in parts]) for name in ("weight", "bias"))
    table = layout.spread(F.linear(hidden, weight, bias))
    shape = layout.rows, layout.longest, len(parts), own.num_attention_heads, own.attention_head_size
    return table.view(shape).permute(2, 0, 3, 1, 4).unbind(0)


def _attend(own: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None) -> Tensor:
    dropout = own.dropout.p if own.training else 0.0
    read = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout, scale=own.scaling)
    return read.transpose(1, 2).flatten(2)


def _rest(layer: Any, read: Tensor, hidden: Tensor) -> Tensor:
    """What follows the attention, token by token."""
    attended = layer.attention.output(read, hidden)
    result: Tensor = layer.output(layer.intermediate(attended), attended)
    return result


class _Spread(torch.autograd.Function):
    """Rows of a small table to their places in a larger one; autograd's own way back would add instead of copy."""

    @staticmethod
    def forward(ctx: Any, packed: Tensor, places: Tensor, size: int) -> Tensor:
        ctx.save_for_backward(places)
        return packed.new_zeros(size, packed.shape[1]).index_copy_(0, places, packed)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (places,) = ctx.saved_tensors
        return gradient.index_select(0, places), None, None


class _Pack(torch.autograd.Function):
    """The way back of `_Spread`."""

    @staticmethod
    def forward(ctx: Any, table: Tensor, places: Tensor) -> Tensor:
        ctx.save_for_backward(places)
        ctx.size = len(table)
        return table.index_select(0, places)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (places,) = ctx.saved_tensors
        return gradient.new_zeros(ctx.size, gradient.shape[1]).index_copy_(0, places, gradient), None
