"""Vanishing gradients: part of the model is hardly told to move."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class Vanishing:
    """Speaks when, while there is much to learn, a part's gradient is next to nothing beside the largest part's."""

    name: ClassVar[str] = "vanishing"
    least: float = 1e-5
    """The share of the largest part's gradient."""
    least_whole: float = 1e-7
    """Of the whole gradient."""
    patience: int = 20
    """Steps in a row."""
    solved: float = 0.05
    """Below such a loss small gradients are as they should be."""
    _small: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step."""
        if isinstance(event, EpochDone):
            return None
        largest = max(event.layer_norms.values(), default=0.0)
        whole = {"the whole model": (event.gradient_norm, self.least_whole)}
        parts = {part: (norm, self.least * largest) for part, norm in event.layer_norms.items()}
        for part, (norm, least) in (whole | parts).items():
            # nothing at all is another fault: units that are dead
            small = event.loss > self.solved and norm < least and (norm > 0 or part in whole)
            self._small[part] = self._small[part] + 1 if small else 0
            if self._small[part] >= self.patience:
                return (
                    f"the gradient vanishes: that of {part} was {norm:.2g} in step {event.step} and as small in the "
                    f"{self.patience} steps up to it, the largest part's {largest:.2g}, with a loss of "
                    f"{event.loss:.3g}: try another backbone, precision fp32, or freeze what does not learn anyway"
                )
        return None
