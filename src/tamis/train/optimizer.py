"""Optimizer: AdamW with a rate of its own for each layer, and how the rates go up and down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tamis.models import layers_of

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import AdamW

EMBEDDINGS, HEAD = "embeddings", "head"


def named_parts(model: Any) -> dict[str, str]:
    """Return for each weight which part of the model it is of: `embeddings`, `layer 0`… from below, `head`.

    What lies in the encoder besides its layers and is no embedding (the last norm, BERT's pooler) belongs to the head.
    """
    layers = [{id(weight) for weight in layer.parameters()} for layer in layers_of(model)]
    below = {
        id(weight)
        for name, weight in model.base_model.named_parameters()
        if name.startswith("embeddings") and not any(id(weight) in layer for layer in layers)
    }
    below |= {id(weight) for weight in model.get_input_embeddings().parameters()}
    parts = {}
    for name, weight in model.named_parameters():
        layer = next((number for number, inside in enumerate(layers) if id(weight) in inside), None)
        parts[name] = f"layer {layer}" if layer is not None else EMBEDDINGS if id(weight) in below else HEAD
    return parts


def rate_factors(parts: Mapping[str, str], *, layer_decay: float) -> dict[str, float]:
    """Return for each part how many times the full rate it learns at: the head 1, each layer below it less.

    >>> rate_factors({"a": "embeddings", "b": "layer 0", "c": "layer 1", "d": "head"}, layer_decay=0.5)
    {'embeddings': 0.25, 'head': 1.0, 'layer 0': 0.5, 'layer 1': 1.0}
    """
    numbers = [int(part.removeprefix("layer ")) for part in parts.values() if part.startswith("layer ")]
    top = max(numbers, default=0)
    depth = {EMBEDDINGS: top + 1, HEAD: 0}
    return {
        part: layer_decay ** (depth[part] if part in depth else top - int(part.removeprefix("layer ")))
        for part in sorted(set(parts.values()))
    }


def make_optimizer(
    model: nn.Module, parts: Mapping[str, str], *, layer_decay: float, weight_decay: float, betas: tuple[float, float]
) -> AdamW:
    """Return AdamW over the weights that learn; `factor` of each group is its share of the rate.

    Weights shrink in matrices of the layers and the head only. Norms, biases and word embeddings do not: a rare word
    would fade between two texts that have it, and one that no text has forever.
    """
    from torch.optim import AdamW

    factors = rate_factors(parts, layer_decay=layer_decay)
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in model.named_parameters():
        if weight.requires_grad:
            shrinks = weight.ndim > 1 and parts[name] != EMBEDDINGS
            groups.setdefault((factors[parts[name]], weight_decay if shrinks else 0.0), []).append(weight)
    # fused: one pass over the memory instead of a dozen, which on a processor is eight times as quick
    return AdamW(
        [{"params": weights, "factor": factor, "weight_decay": decay} for (factor, decay), weights in groups.items()],
        lr=0.0,
        betas=betas,
        eps=1e-6,
        fused=True,
    )


def rate_at(step: int, *, steps: int, highest: float, warm_up: float) -> float:
    """Return the rate of a step (from 1): it rises over the share `warm_up` of all steps and falls to nothing.

    >>> [round(rate_at(step, steps=4, highest=1.0, warm_up=0.5), 2) for step in (1, 2, 3, 4)]
    [0.5, 1.0, 1.0, 0.5]
    """
    rising = max(1, int(steps * warm_up)) if warm_up else 0
    if step <= rising:
        return highest * step / rising
    return highest * (steps - step + 1) / max(1, steps - rising)


def set_rate(optimizer: AdamW, rate: float) -> None:
    """Give every group its share of a rate."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["factor"]
