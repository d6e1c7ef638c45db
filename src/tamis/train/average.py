"""Average: weights that are the mean of many steps or of the last epochs, beside those that learn."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from torch import Tensor

_KEEPS = 0.999  # of the running mean at each step, when it is long
_SHORT = 10  # early on the mean follows quicker, as if it had begun so many steps before


@dataclass
class Average:
    """A mean of the weights: `ema` over the steps, `checkpoints` over the ends of the later half of the epochs."""

    kind: Literal["none", "ema", "checkpoints"]
    weights: Sequence[Tensor]
    """Those that learn."""
    mean: list[Tensor] = field(default_factory=list)
    """Empty until something went into it."""
    count: int = 0

    def after_step(self) -> None:
        """Let the weights of a step in."""
        if self.kind == "ema":
            self._add(max(1 - _KEEPS, 1 - (1 + self.count) / (_SHORT + self.count)) if self.count else 1.0)

    def after_epoch(self, epoch: int, epochs: int) -> None:
        """Let the weights of an epoch's end in."""
        if self.kind == "checkpoints" and 2 * epoch >= epochs:
            self._add(1 / (self.count + 1))

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """Have the mean stand in the model while the block runs."""
        if not self.mean:
            yield
            return
        own = [weight.detach().clone() for weight in self.weights]
        self._put(self.mean)
        try:
            yield
        finally:
            self._put(own)

    def _add(self, share: float) -> None:
        import torch

        own = [weight.detach() for weight in self.weights]
        if not self.mean:
            self.mean = [weight.clone() for weight in own]
        else:
            torch._foreach_lerp_(self.mean, own, share)
        self.count += 1

    def _put(self, values: Sequence[Tensor]) -> None:
        import torch

        with torch.no_grad():
            torch._foreach_copy_(list(self.weights), list(values))
