"""Dead units: weights that no row moves any more."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import ClassVar

from tamis.train.events import EpochDone, StepDone


@dataclass
class DeadUnits:
    """Speaks when a good share of a part's units got no gradient at all, each time that it was looked at."""

    name: ClassVar[str] = "dead_units"
    most: float = 0.3
    """The share of a part's units."""
    patience: int = 3
    """Looks in a row; the loop looks now and then."""
    _dead: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def hear(self, event: StepDone | EpochDone) -> str | None:
        """Look at one step."""
        if isinstance(event, EpochDone):
            return None
        for part, share in event.idle_units.items():
            self._dead[part] = self._dead[part] + 1 if share > self.most else 0
            if self._dead[part] >= self.patience:
                return (
                    f"{share:.0%} of the units of {part} are dead: no row gave them a gradient in step {event.step} "
                    f"and the {self.patience - 1} looks before: try a lower learning_rate, or begin again from a fresh "
                    "backbone"
                )
        return None
