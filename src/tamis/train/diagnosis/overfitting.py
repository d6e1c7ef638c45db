"""Over-fitting: the model learns the training rows by heart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class Overfitting:
    """Speaks when the validation loss rose for some epochs while the training loss fell."""

    name: ClassVar[str] = "overfitting"
    least_rise: float = 0.1
    """The share by which the validation loss is above its lowest."""
    patience: int = 2
    """Epochs in a row."""
    _lowest: tuple[float, float, int] | None = None
    """Of validation: the loss, the training loss beside it, the epoch."""
    _worse: int = 0

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one epoch."""
        if isinstance(event, StepDone) or "loss" not in event.validation:
            return None
        loss = event.validation["loss"]
        if self._lowest is None or loss < self._lowest[0]:
            self._lowest, self._worse = (loss, event.train_loss, event.epoch), 0
            return None
        lowest, beside, epoch = self._lowest
        rose = loss > lowest * (1 + self.least_rise) and event.train_loss < beside
        self._worse = self._worse + 1 if rose else 0
        if self._worse < self.patience:
            return None
        return (
            f"the validation loss rose from {lowest:.3g} (epoch {epoch}) to {loss:.3g} (epoch {event.epoch}) while the "
            f"training loss fell from {beside:.3g} to {event.train_loss:.3g}: try fewer epochs, a lower learning_rate, "
            "dropout, smoothing, freeze, or more rows"
        )
