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
from tamis.train.events import Event, StepDone
from tamis.train.record import Run
from tamis.train.usage import Seen, Usage

FILE, PAGE = "profile.json", "profile.html"
_PERCENTILES = (5, 25, 50, 75, 95, 100)
_SLOWEST = 5


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Advice(_Record):
    """What was seen, and what to try."""

    kind: str
    seen: str
    try_: str


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


def advise(profile: Profile, run: Run) -> list[Advice]:
    """Return what would make the training quicker or lighter, the weightiest first."""
    found = [rule(profile, run) for rule in _RULES]
    return [advice for advice in found if advice is not None]


def write_profile(profile: Profile, folder: Path) -> None:
    """Write `profile.json` and `profile.html` into a run's folder."""
    from tamis.train.profile_page import profile_page

    write_atomic(folder / FILE, profile.model_dump_json(indent=2) + "\n")
    write_atomic(folder / PAGE, profile_page(profile).html())


def read_profile(folder: Path) -> Profile | None:
    """Return the profile in a run's folder, if there is one."""
    path = folder / FILE
    return Profile.model_validate_json(path.read_bytes()) if path.exists() else None


def _data(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares.get("data", 0.0)
    if share < 0.15:
        return None
    return Advice(
        kind="data",
        seen=f"{share:.0%} of the time went into making batches",
        try_="put the workspace on a faster disk, or give steps more rows (train.batch_rows)",
    )


def _optimizer(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares.get("optimizer", 0.0)
    if share < 0.25 or run.settings["train"].get("freeze") == "all":
        return None
    return Advice(
        kind="optimizer",
        seen=f"{share:.0%} of the time went into the optimizer, which costs the same however many rows a step has",
        try_="give steps more rows (train.batch_rows=64), or freeze what hardly learns (train.freeze=embeddings)",
    )


def _padding(profile: Profile, run: Run) -> Advice | None:
    if profile.padding_share is None or profile.padding_share < 0.05:
        return None
    return Advice(
        kind="padding",
        seen=f"{profile.padding_share:.1%} of the tokens were padding",
        try_="let a pass hold fewer tokens (train.batch_tokens=2048): batches then end where lengths change",
    )


def _outside(profile: Profile, run: Run) -> Advice | None:
    share = profile.shares["outside"]
    if not profile.steps or share < 0.4 or profile.seconds < 20:
        return None
    return Advice(
        kind="outside",
        seen=f"{share:.0%} of the time went into other things than steps: reading, tokenising, validating, writing",
        try_="validate on fewer rows, or save less often (train.checkpoint_minutes); tokens are kept for the next run",
    )


def _idle(profile: Profile, run: Run) -> Advice | None:
    busy = profile.cores_busy.get("p50")
    if busy is None or profile.cores < 2 or profile.seconds < 10 or busy >= 0.6 * profile.cores:
        return None
    told = f", and OMP_NUM_THREADS is {run.host['threads']}" if run.host.get("threads") else ""
    return Advice(
        kind="idle",
        seen=f"half of the time no more than {busy:.1f} of {profile.cores} cores were busy{told}",
        try_="let torch use all cores (unset OMP_NUM_THREADS), or give steps more tokens (train.batch_tokens)",
    )


def _memory(profile: Profile, run: Run) -> Advice | None:
    held, there = profile.memory_mb.get("p100"), run.host.get("memory_gib")
    if held is None or not there or held < 0.8 * there * 1024:
        return None
    return Advice(
        kind="memory",
        seen=f"{held / 1024:.1f} of {there:.1f} GiB of memory were held",
        try_="let a pass hold fewer tokens (train.batch_tokens=2048); a step then takes more passes",
    )


def _precision(profile: Profile, run: Run) -> Advice | None:
    able = any("bf16" in feature.lower() for feature in run.host.get("processor", ()))
    if not able or run.settings["train"].get("precision") != "fp32" or not profile.steps:
        return None
    return Advice(
        kind="precision",
        seen="this processor has instructions for bf16, and the run was asked for fp32",
        try_="train.precision=auto: several times as many tokens a second",
    )


def _cut(profile: Profile, run: Run) -> Advice | None:
    share = run.notes.get("cut_share") or 0.0
    if share < 0.1:
        return None
    return Advice(
        kind="cut",
        seen=f"{share:.0%} of the training texts are longer than what the model was shown",
        try_="train.long_text=auto tries other ways on validation: the end of the text too, or windows over all of it",
    )


_RULES = (_data, _optimizer, _outside, _idle, _padding, _precision, _memory, _cut)


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
