"""Pace: how many tokens a second a training takes, and how many it is shown for nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tamis.train.events import Event, Listener, StepDone


@dataclass
class Pace:
    """Passes events on and adds up what they say."""

    emit: Listener
    tokens: int = 0
    padded_tokens: int = 0
    rows: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def __call__(self, event: Event) -> None:
        """Hear an event."""
        if isinstance(event, StepDone):
            self.tokens += event.tokens
            self.padded_tokens += event.padded_tokens
            self.rows += event.rows
            for part, seconds in event.seconds.items():
                self.seconds[part] = self.seconds.get(part, 0.0) + seconds
        self.emit(event)

    def notes(self) -> dict[str, Any]:
        """Return the figures, of this stretch of the training."""
        seconds = sum(self.seconds.values())
        if not seconds:
            return {}
        return {
            "padding_share": round(1 - self.tokens / self.padded_tokens, 6),
            "tokens_a_second": round(self.tokens / seconds, 1),
            "rows_a_second": round(self.rows / seconds, 2),
            "seconds_by_part": {part: round(value, 3) for part, value in self.seconds.items()},
        }
