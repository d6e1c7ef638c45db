"""Rule: watches a training for one thing that goes wrong, and says what it saw and what to try."""

from __future__ import annotations

from typing import ClassVar, Protocol

from tamis.train.events import EpochDone, StepDone


class Rule(Protocol):
    """Watches one training; it speaks once."""

    name: ClassVar[str]

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Return what was seen, in numbers, and what to try; None while nothing is wrong."""
        ...
