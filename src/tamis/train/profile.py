"""Profile: where the time of a training went, how busy the machine was, and what would make it quicker."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from tamis.core import write_atomic
from tamis.train.advice import Advice, advise
from tamis.train.events import Event, StepDone
from tamis.train.record import Run
from tamis.train.usage import Seen, Usage

FILE, PAGE = "profile.json", "profile.html"
_PERCENTILES = (5, 25, 50, 75, 95, 100)
_SLOWEST = 5


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Profile(_Record):
    """What `profile.json` holds."""

    run: str
    seconds: float
    """Of this stretch of the run, from the first row read to the last file written."""
    steps: int = 0
    rows: int = 0
    tokens: int = 0
    padding_share: float | None = None
    tokens_a_second: float | None = None
    """While steps were made."""
    parts: dict[str, float] = {}
    """Seconds by part: data, forward, backward, optimizer, and `outside` for all that was not a step."""
    step_seconds: dict[str, float] = {}
    """Percentiles of a step's length: `p50`."""
    cores: int
    cores_busy: dict[str, float] = {}
    """Percentiles of the number of cores that were kept busy."""
    memory_mb: dict[str, float] = {}
    usage: tuple[tuple[float, float, float], ...] = ()
    """Seconds since the start, cores busy, megabytes held."""
    advice: tuple[Advice, ...] = ()

    @property
    def shares(self) -> dict[str, float]:
        """Each part's share of the whole time."""
        whole = sum(self.parts.values()) or 1.0
        return {name: seconds / whole for name, seconds in self.parts.items()}


@dataclass
class Profiler:
    """Listens to a run and looks at the machine."""

    usage: Usage = field(default_factory=Usage)
    parts: dict[str, float] = field(default_factory=dict)
    lengths: list[float] = field(default_factory=list)
    rows: int = 0
    tokens: int = 0
    padded: int = 0

    def hear(self, event: Event) -> None:
        """Add up what a step says."""
        if not isinstance(event, StepDone):
            return
        for part, seconds in event.seconds.items():
            self.parts[part] = self.parts.get(part, 0.0) + seconds
        self.lengths.append(sum(event.seconds.values()))
        self.rows, self.tokens, self.padded = (
            self.rows + event.rows,
            self.tokens + event.tokens,
            self.padded + event.padded_tokens,
        )

    def profile(self, run: Run, *, seconds: float) -> Profile:
        """Return the profile of what was heard and seen."""
        stepped = sum(self.parts.values())
        parts = {**self.parts, "outside": max(0.0, seconds - stepped)} if self.parts else {"outside": seconds}
        looks = self.usage.looks
        profile = Profile(
            run=run.name,
            seconds=round(seconds, 3),
            steps=len(self.lengths),
            rows=self.rows,
            tokens=self.tokens,
            padding_share=round(1 - self.tokens / self.padded, 5) if self.padded else None,
            tokens_a_second=round(self.tokens / stepped, 1) if stepped else None,
            parts={name: round(value, 3) for name, value in parts.items()},
            step_seconds=_percentiles(self.lengths, digits=5),
            cores=int(run.host.get("cores") or os.cpu_count() or 1),
            cores_busy=_percentiles([look.cores for look in looks], digits=2),
            memory_mb=_percentiles([look.memory_mb for look in looks], digits=1),
            usage=tuple(_thinned(looks)),
        )
        return profile.model_copy(update={"advice": tuple(advise(profile, run))})


def write_profile(profile: Profile, folder: Path) -> None:
    """Write `profile.json` and `profile.html` into a run's folder."""
    from tamis.train.profile_page import profile_page

    write_atomic(folder / FILE, profile.model_dump_json(indent=2) + "\n")
    write_atomic(folder / PAGE, profile_page(profile).html())


def read_profile(folder: Path) -> Profile | None:
    """Return the profile in a run's folder, if there is one."""
    path = folder / FILE
    return Profile.model_validate_json(path.read_bytes()) if path.exists() else None


def _percentiles(values: list[float], *, digits: int) -> dict[str, float]:
    if not values:
        return {}
    found = np.percentile(values, _PERCENTILES)
    return {f"p{place}": round(float(value), digits) for place, value in zip(_PERCENTILES, found, strict=True)}


def _thinned(looks: list[Seen], *, most: int = 120) -> list[tuple[float, float, float]]:
    """At most so many looks, each the mean of its share of all."""
    count = min(most, len(looks))
    bounds = [len(looks) * place // count for place in range(count + 1)] if count else [0]
    thinned = []
    for start, end in itertools.pairwise(bounds):
        part = looks[start:end]
        thinned.append(
            (
                round(part[-1].seconds, 2),
                round(sum(look.cores for look in part) / len(part), 3),
                round(max(look.memory_mb for look in part), 1),
            )
        )
    return thinned


def told_parts(parts: Mapping[str, float]) -> dict[str, Any]:
    """Return parts with the words that people know them by."""
    return {_WORDS.get(name, name): seconds for name, seconds in parts.items()}


_WORDS = {
    "data": "making batches",
    "forward": "forward",
    "backward": "backward",
    "optimizer": "optimizer",
    "outside": "all else: reading, tokenising, validating, writing",
}
