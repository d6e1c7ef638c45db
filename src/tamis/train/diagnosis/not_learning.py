"""Not learning: the loss stays where it began."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from statistics import fmean
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class NotLearning:
    """Speaks when the loss, after enough steps, is hardly below that of the first ones."""

    name: ClassVar[str] = "not_learning"
    least_fall: float = 0.03
    """The share of its beginning by which the loss should have fallen."""
    window: int = 20
    """So many steps at the beginning are compared with so many now."""
    wait: int = 100
    """Steps before anything is said; of a short training a third."""
    _first: list[float] = field(default_factory=list)
    _last: list[float] = field(default_factory=list)
    _fell: bool = False

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step."""
        if isinstance(event, EpochDone) or self._fell or not math.isfinite(event.loss):
            return None
        window = max(1, min(self.window, event.steps // 6))
        if len(self._first) < window:
            self._first.append(event.loss)
        self._last = [*self._last, event.loss][-window:]
        if event.step < max(3, min(self.wait, event.steps // 3), 2 * window):
            return None
        then, now = fmean(self._first), fmean(self._last)
        if then < 0.01 or now < then * (1 - self.least_fall):  # nothing was to be learned, or something is
            self._fell = True  # to stand still later is no fault
            return None
        return (
            f"the loss does not fall: {then:.3g} in the first {window} steps, {now:.3g} in the last {window} up to "
            f"step {event.step}, at a rate of {event.learning_rate:.2g}: try a learning_rate ten times higher or "
            "lower, freeze less, or look whether the labels follow from the texts (tamis data check)"
        )
