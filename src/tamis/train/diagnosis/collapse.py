"""Class collapse: every text is given the same label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class Collapse:
    """Speaks when, after some epochs, all validation rows are given one and the same label, or none at all."""

    name: ClassVar[str] = "collapse"
    first_epoch: int = 2
    """In the first one it is often so where one label is frequent."""

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one epoch."""
        if isinstance(event, StepDone) or event.epoch < self.first_epoch or len(event.predicted) < 2:
            return None
        given = {label: count for label, count in event.predicted.items() if count}
        if len(given) > 1:
            return None
        said = "none of the validation rows was given a label"
        for label, count in given.items():
            said = f"all {count:,} answers on validation rows were {label!r}"
        return (
            f"{said} after epoch {event.epoch}, of {len(event.predicted)} labels: try class_weights balanced, a lower "
            "learning_rate, more epochs, or look at how often each label stands (tamis data show)"
        )
