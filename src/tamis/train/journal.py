"""Journal: what a run's events leave behind: `metrics.jsonl` line by line, and what `run.json` keeps of them."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tamis.train.events import EpochDone, Event, Noted, StepDone
from tamis.train.record import Epoch

STEP_SECONDS = 0.2
"""Steps that follow one another quicker than this share a line: nobody plots a thousand points a second."""


@dataclass
class Journal:
    """Listens to a run. Every epoch and note is written, and of the steps at most some a second."""

    path: Path
    epochs: list[Epoch] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    _last: float = 0.0

    def hear(self, event: Event, *, seed: int) -> None:
        """Write an event."""
        if isinstance(event, StepDone):
            now = time.monotonic()
            if event.step not in (1, event.steps) and now - self._last < STEP_SECONDS:
                return
            self._last = now
            seconds = {name: round(value, 5) for name, value in event.seconds.items()}
            self._write("step", seed, {**vars(event), "seconds": seconds, "layer_norms": dict(event.layer_norms)})
        elif isinstance(event, EpochDone):
            self.epochs.append(
                Epoch(
                    seed=seed,
                    epoch=event.epoch,
                    step=event.step,
                    train_loss=event.train_loss,
                    validation=dict(event.validation),
                    best=event.best,
                )
            )
            scores = {"validation": dict(event.validation), "predicted": dict(event.predicted)}
            self._write("epoch", seed, {**vars(event), **scores})
        elif isinstance(event, Noted):
            self.warn(event.message)
            self._write("note", seed, vars(event))

    def warn(self, message: str) -> None:
        """Keep a sentence for the record, once."""
        if message not in self.warnings:
            self.warnings.append(message)

    def _write(self, kind: str, seed: int, values: Mapping[str, Any]) -> None:
        line = {"event": kind, "seed": seed, "time": round(time.time(), 3), **_finite(values)}
        with self.path.open("a", encoding="utf-8") as file:  # a line at a time: whole after a kill, bar the last
            file.write(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n")


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a `metrics.jsonl`; a last one that a kill cut short is left out."""
    if not path.exists():
        return []
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            lines.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return lines


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 8) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return value
