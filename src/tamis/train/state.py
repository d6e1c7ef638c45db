"""TrainState: everything that a training is at one moment. A checkpoint is this, written down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tamis.train.average import Average

if TYPE_CHECKING:
    from torch import Tensor, nn
    from torch.optim import AdamW

_NUMBERS = ("step", "epoch", "place", "loss", "highest", "stale", "best_epoch", "finished")


@dataclass
class TrainState:
    """A model, its optimizer, and how far they are.

    There are no states of random numbers here: the order of rows comes from the seed and the epoch, and what dropout
    draws from the seed and the step, so to be somewhere is to know how it goes on.
    """

    model: nn.Module
    optimizer: AdamW
    average: Average
    scaler: Any
    parts: dict[str, str]
    """Which part of the model each weight is of."""
    step: int = 0
    """Steps taken."""
    epoch: int = 1
    """The one that is going on."""
    place: int = 0
    """Steps taken of this epoch."""
    loss: float = 0.0
    """The sum of the losses of this epoch's steps."""
    highest: float = float("-inf")
    """The best main score of any epoch."""
    stale: int = 0
    """How many epochs ago that was."""
    best: dict[str, Tensor] = field(default_factory=dict)
    """The weights to keep; none before the first epoch has ended."""
    best_epoch: int = 0
    finished: bool = False

    @property
    def weights(self) -> dict[str, Tensor]:
        """The weights that learn, by name."""
        return {name: weight for name, weight in self.model.named_parameters() if weight.requires_grad}

    def keep(self) -> None:
        """Note the weights as they are now, or their average, as the best so far."""
        with self.average.in_place():
            self.best = {name: weight.detach().clone() for name, weight in self.weights.items()}
        self.best_epoch = self.epoch

    def restore_best(self) -> None:
        """Put the best weights into the model; before the first epoch has ended those are the current ones."""
        import torch

        if not self.best:
            self.keep()
        with torch.no_grad():
            for name, weight in self.weights.items():
                weight.copy_(self.best[name])

    def numbers(self) -> dict[str, Any]:
        """Return what can be written as JSON."""
        return {
            **{name: getattr(self, name) for name in _NUMBERS},
            "averaged": self.average.count,
            "scaler": self.scaler.state_dict(),
        }

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return what is written as tensors, in files of its own each."""
        weights = self.weights
        moments: dict[str, Tensor] = {}
        for name, weight in weights.items():
            for kind, value in self.optimizer.state.get(weight, {}).items():
                moments[f"{name}:{kind}"] = value.reshape(1) if kind == "step" else value
        averages = dict(zip(weights, self.average.mean, strict=False)) if self.average.mean else {}
        return {"weights": weights, "optimizer": moments, "average": averages, "best": self.best}

    def load(self, numbers: dict[str, Any], tensors: dict[str, dict[str, Tensor]]) -> None:
        """Become what was written down."""
        import torch

        weights = self.weights
        shapes = {name: weight.shape for name, weight in weights.items()}
        if shapes != {name: weight.shape for name, weight in tensors["weights"].items()}:
            raise ValueError("it holds other weights than those that are to learn")
        for name in _NUMBERS:
            setattr(self, name, numbers[name])
        self.scaler.load_state_dict(numbers["scaler"])
        device = next(iter(weights.values())).device
        with torch.no_grad():
            for name, weight in weights.items():
                weight.copy_(tensors["weights"][name])
        self.optimizer.state.clear()
        for key, value in tensors["optimizer"].items():
            name, kind = key.rsplit(":", 1)
            moment = value.reshape(()) if kind == "step" else value.to(device)
            self.optimizer.state[weights[name]][kind] = moment.clone()
        self.average.count = numbers["averaged"]
        self.average.mean = [tensors["average"][name].to(device) for name in weights] if tensors["average"] else []
        self.best = {name: value.to(device) for name, value in tensors["best"].items()}
