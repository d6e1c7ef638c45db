"""Starving: the processor waits for rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class Starving:
    """Speaks when getting rows ready takes a good share of the time of most steps; a few slow reads are no harm."""

    name: ClassVar[str] = "starving"
    most: float = 0.25
    """The share of a step's time."""
    window: int = 30
    """Steps that are looked at together."""
    _steps: list[tuple[float, float]] = field(default_factory=list)
    """Seconds for the rows of a step, and their share."""

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step."""
        if isinstance(event, EpochDone):
            return None
        data = event.seconds.get("data", 0.0)
        self._steps = [*self._steps, (data, data / max(sum(event.seconds.values()), 1e-9))][-self.window :]
        seconds, share = (median(column) for column in zip(*self._steps, strict=True))
        if len(self._steps) < self.window or share <= self.most:
            return None
        return (
            f"the processor waits for rows: getting them took {share:.0%} of the time of a step ({1000 * seconds:.0f} "
            f"ms) in the {self.window} steps up to step {event.step}: try a local disk for the workspace, close what "
            "else reads from it, or make batch_rows larger"
        )
