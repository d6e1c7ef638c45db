"""The first token: where the head reads nothing else, the last layer computes nothing else."""

from __future__ import annotations

from typing import Any

from tamis.models import READS_FIRST_TOKEN, layers_of


def only_first_token(model: Any) -> bool:
    """Make a model's last layer compute the first token of each text alone; return whether the model allows it.

    The logits stay what they are; a sixth of a six-layer model's work goes. What is lost is the embedding of the text,
    which is the mean of that layer's tokens.
    """
    from torch.nn import ModuleList

    if model.config.model_type not in READS_FIRST_TOKEN:
        return False
    last = layers_of(model)[-1]
    for layers in model.base_model.modules():
        if isinstance(layers, ModuleList) and layers[-1] is last:
            layers[-1] = _first_token_layer(last)
    return True


def _first_token_layer(layer: Any) -> Any:
    import torch

    class FirstToken(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = layer

        def forward(
            self, hidden: torch.Tensor, mask: torch.Tensor | None = None, *others: Any, **more: Any
        ) -> torch.Tensor:
            own, first = self.layer.attention.self, hidden[:, :1]
            query, key, value = own.query(first), own.key(hidden), own.value(hidden)
            scores = torch.matmul(_heads(own, query), _heads(own, key).transpose(2, 3)) * own.scaling
            if mask is not None:
                scores = scores + mask[:, :, :1]
            read = torch.matmul(scores.softmax(-1), _heads(own, value)).transpose(1, 2).flatten(2)
            attended = self.layer.attention.output(read, first)
            result: torch.Tensor = self.layer.output(self.layer.intermediate(attended), attended)
            return result

    return FirstToken()


def _heads(own: Any, table: Any) -> Any:
    return table.unflatten(-1, (own.num_attention_heads, own.attention_head_size)).transpose(1, 2)
