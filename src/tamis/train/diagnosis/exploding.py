"""Exploding gradients: steps that are many times larger than the first ones."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class Exploding:
    """Speaks when several of the latest gradients are many times as long as those of the first steps.

    The first steps are the measure, not the ones just before: near the end gradients are tiny, and a hard row then
    stands out without any harm.
    """

    name: ClassVar[str] = "exploding"
    times: float = 20.0
    first: int = 10
    """Steps that are the measure."""
    window: int = 20
    most: int = 3
    """So many of the last `window` steps are too many."""
    _first: list[float] = field(default_factory=list)
    _last: list[float] = field(default_factory=list)

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step."""
        if isinstance(event, EpochDone) or not math.isfinite(event.gradient_norm):
            return None
        if len(self._first) < self.first:
            self._first.append(event.gradient_norm)
            return None
        self._last = [*self._last, event.gradient_norm][-self.window :]
        usual = median(self._first)
        large = [norm for norm in self._last if norm > self.times * usual]
        if len(large) < self.most:
            return None
        return (
            f"the gradient explodes: of {len(self._last)} steps up to step {event.step} {len(large)} had one longer "
            f"than {self.times * usual:.3g}, the longest {max(large):.3g}; of the first ones it was {usual:.3g}: try a "
            "lower learning_rate, a longer warm_up, or a smaller clip"
        )
