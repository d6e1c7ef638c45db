"""Probe: a frozen encoder whose head reads the mean of all tokens, as a plain model that transformers opens."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamis.core import UsageError
from tamis.models.encoder import build_encoder, final_layer, layers_of
from tamis.tasks import Task

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_SHARE_OF_MEAN = 100.0
"""How much the mean counts against the token itself in the layer that is added."""

_NEAR_ZERO = 0.01
"""So far a tanh is taken down that it passes numbers on nearly as they are."""

_HEADS = {
    "bert": ("bert.pooler.dense", "tanh"),
    "roberta": ("classifier.dense", "tanh"),
    "xlm-roberta": ("classifier.dense", "tanh"),
    "camembert": ("classifier.dense", "tanh"),
    "distilbert": ("pre_classifier", "ramp"),
    "electra": ("classifier.dense", "ramp"),
    "deberta": ("pooler.dense", "ramp"),
    "deberta-v2": ("pooler.dense", "ramp"),
    "modernbert": ("head.dense", "ramp"),
}
"""The first half of each type's head, and what follows it. Other types keep theirs as it is."""

_PARTS = {
    "query": ("attention.self.query", "attention.q_lin"),
    "key": ("attention.self.key", "attention.k_lin"),
    "value": ("attention.self.value", "attention.v_lin"),
    "joined": ("attention.output.dense", "attention.out_lin"),
    "first_norm": ("attention.output.LayerNorm", "sa_layer_norm"),
    "wide": ("output.dense", "ffn.lin2"),
    "last_norm": ("output.LayerNorm", "output_layer_norm"),
}
"""What BERT and RoBERTa, and what DistilBERT call the parts of a layer."""


def build_probe(backbone: str | Path, task: Task, *, seed: int = 0) -> PreTrainedModel:
    """Return a backbone for `set_head`: all of it frozen, and a head that passes on what the encoder says of a text.

    A head of transformers reads the first token alone, which says little before it was fine-tuned; the mean of all
    tokens says more. BERT, RoBERTa and DistilBERT are given one more layer, whose attention is the same to all tokens,
    so that the first token becomes their mean; ModernBERT can take the mean itself; others keep the first token.
    """
    import torch

    model = build_encoder(backbone, task, seed=seed, settings={"classifier_pooling": "mean", "classifier_bias": True})
    with torch.no_grad():
        _add_mean_layer(model)
        _open_head(model)
    model.requires_grad_(False)
    model.train(False)
    return model


def probe_features(model: PreTrainedModel, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Return what the last linear layer reads of each text: what its weights are fitted to."""
    import torch

    seen: list[torch.Tensor] = []
    hook = final_layer(model).register_forward_pre_hook(lambda layer, given: seen.append(given[0]))
    try:
        with torch.inference_mode():
            model(input_ids=ids, attention_mask=mask)
    finally:
        hook.remove()
    return seen[0].float()


def set_head(model: PreTrainedModel, weights: Any, bias: Any) -> None:
    """Put fitted weights (outputs x features) and bias into the last linear layer."""
    import torch

    layer = final_layer(model)
    given = torch.as_tensor(weights), torch.as_tensor(bias)
    if given[0].shape != layer.weight.shape or given[1].shape != layer.bias.shape:
        raise UsageError(f"weights of {tuple(given[0].shape)} for a head of {tuple(layer.weight.shape)}")
    with torch.no_grad():
        layer.weight.copy_(given[0])
        layer.bias.copy_(given[1])


def _add_mean_layer(model: PreTrainedModel) -> None:
    """Add a layer that turns every token into the mean of all, normalised; types without such layers stay as is."""
    from torch import nn

    last = layers_of(model)[-1]
    names = [_named(last, choices) for choices in _PARTS.values()]
    if model.config.model_type not in _HEADS or None in names:
        return
    layer = copy.deepcopy(last)
    parts: dict[str, Any] = {part: layer.get_submodule(str(name)) for part, name in zip(_PARTS, names, strict=True)}
    for silent in ("query", "key", "wide"):  # equal attention to all, and nothing from the wide part
        nn.init.zeros_(parts[silent].weight)
        nn.init.zeros_(parts[silent].bias)
    for name, scale in (("value", 1.0), ("joined", _SHARE_OF_MEAN)):
        nn.init.eye_(parts[name].weight).mul_(scale)
        nn.init.zeros_(parts[name].bias)
    for name in ("first_norm", "last_norm"):
        nn.init.ones_(parts[name].weight)
        nn.init.zeros_(parts[name].bias)
    home = next(part for part in model.base_model.modules() if isinstance(part, nn.ModuleList) and last in list(part))
    home.append(layer)
    model.config.num_hidden_layers += 1


def _open_head(model: PreTrainedModel) -> None:
    """Make the first half of the head pass on what it is given, as nearly as the function after it allows."""
    from torch import nn

    name, follows = _HEADS.get(model.config.model_type, ("", ""))
    if not name:
        return
    dense: Any = model.get_submodule(name)
    nn.init.eye_(dense.weight)
    if follows == "tanh":
        dense.weight.mul_(_NEAR_ZERO)
        nn.init.zeros_(dense.bias)
    else:  # normalised numbers are rarely below the root of their count: lifted by it, all are above the bend
        nn.init.constant_(dense.bias, float(dense.in_features) ** 0.5)


def _named(layer: torch.nn.Module, choices: tuple[str, ...]) -> str | None:
    for name in choices:
        try:
            layer.get_submodule(name)
        except AttributeError:
            continue
        return name
    return None
