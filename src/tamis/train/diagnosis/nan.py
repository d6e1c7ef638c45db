"""NaN: the loss or the gradient is no number any more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class NotANumber:
    """Speaks at the first loss that is no number, and when the gradient is none for many steps.

    A few gradients without end are how fp16 finds its scale; the optimizer leaves them out.
    """

    name: ClassVar[str] = "nan"
    patience: int = 20
    """Steps."""
    _odd: int = 0

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step or epoch."""
        advice = "try a lower learning_rate, precision fp32, or look for odd row weights"
        if isinstance(event, EpochDone):
            if math.isfinite(event.train_loss) and math.isfinite(event.validation.get("loss", 0.0)):
                return None
            return f"the loss of epoch {event.epoch} is no number: {advice}"
        if not math.isfinite(event.loss):
            return f"the loss of step {event.step} is {event.loss}, at a rate of {event.learning_rate:.2g}: {advice}"
        self._odd = 0 if math.isfinite(event.gradient_norm) else self._odd + 1
        if self._odd < self.patience:
            return None
        return f"the gradient was no number in {self._odd} steps up to step {event.step}: {advice}"
