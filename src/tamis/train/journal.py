"""Journal: what a run's events leave behind: `metrics.jsonl` line by line, and what `run.json` keeps of them."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping, Sequence
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
    _epochs: dict[tuple[int, int], Epoch] = field(default_factory=dict)
    _warnings: dict[str, None] = field(default_factory=dict)
    _last: float = 0.0

    @classmethod
    def of(cls, path: Path, *, warnings: Sequence[str] = ()) -> Journal:
        """Return the journal of a run, with what an earlier stretch of it wrote."""
        epochs = [_epoch(line, int(line["seed"])) for line in read_metrics(path) if line["event"] == "epoch"]
        return cls(path, {(epoch.seed, epoch.epoch): epoch for epoch in epochs}, dict.fromkeys(warnings))

    @property
    def epochs(self) -> tuple[Epoch, ...]:
        """The epochs; one that was done again after a kill counts once."""
        return tuple(self._epochs.values())

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was noted, each sentence once."""
        return tuple(self._warnings)

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
            told = {**vars(event), "validation": dict(event.validation), "predicted": dict(event.predicted)}
            self._epochs[seed, event.epoch] = _epoch(told, seed)
            self._write("epoch", seed, told)
        elif isinstance(event, Noted):
            self._warnings.setdefault(event.message)
            self._write("note", seed, vars(event))

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


def _epoch(told: Mapping[str, Any], seed: int) -> Epoch:
    """The epoch that an event, or a line of the file, tells of."""
    known = _finite({name: told[name] for name in ("epoch", "step", "train_loss", "best")})
    scores = {name: score for name, score in _finite(told["validation"]).items() if score is not None}
    return Epoch(seed=seed, validation=scores, **known)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 8) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _finite(inner) for key, inner in value.items()}
    return value
