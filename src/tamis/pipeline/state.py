"""State: what happened in a pipeline run, as its events tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Happening = Literal["started", "finished", "cached", "skipped", "failed", "retried", "cancelled", "progress"]
Status = Literal["waiting", "running", "finished", "cached", "skipped", "failed", "cancelled", "interrupted"]
"""Interrupted is what says that it runs, but whose process is gone."""


class Event(BaseModel):
    """One thing that happened to a step, or to the run where `step` is empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    step: str = ""
    """A step's name, with what it was fanned out over: `train[family=linear]`."""
    what: Happening
    why: str = ""
    """Why it ran, was skipped or failed, in words."""
    key: str = ""
    """The fingerprint of code, inputs, parameters and environment."""
    outputs: dict[str, Any] = {}
    """Artefacts as mappings with a `kind`, values as they are."""
    seconds: float = 0.0
    attempt: int = 1
    share: float | None = None
    """Of progress: how much of the work is done, 0 to 1, where that is known."""
    exit_code: int = 0
    """Of a failure: what the command line ends with, 3 where a gate or a check did not hold."""


@dataclass(frozen=True, kw_only=True)
class StepState:
    """Where a step stands."""

    name: str
    status: Status = "waiting"
    why: str = ""
    key: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    attempts: int = 0
    exit_code: int = 0
    says: str = ""
    """What it does just now, in words."""
    share: float | None = None
    """How much of that is done, 0 to 1, where that is known."""


@dataclass(frozen=True)
class RunState:
    """Where a whole run stands."""

    name: str
    status: Status
    steps: dict[str, StepState]
    started: datetime | None = None
    finished: datetime | None = None
    why: str = ""
    exit_code: int = 0
    """What the command line ends with."""
    seconds: float = 0.0
    """How long it was at work, without the time between its end and when it was gone on with."""

    @property
    def can_be_resumed(self) -> bool:
        """True when it ended before it was through: it failed, was cancelled, or its process is gone."""
        return self.status in ("failed", "cancelled", "interrupted")


def state_of(name: str, steps: Iterable[str], events: Iterable[Event]) -> RunState:
    """Return where a run stands after its events; steps that nothing happened to wait."""
    states = {each: StepState(name=each) for each in steps}
    run = RunState(name, "waiting", states)
    begun: datetime | None = None
    last: datetime | None = None
    seconds = 0.0
    for event in events:
        if not event.step and event.what == "started":
            seconds += (last - begun).total_seconds() if begun and last else 0.0
            begun = event.at
        last = event.at
        status: Status | None = _STATUS.get(event.what)
        if not event.step:
            run = replace(
                run,
                status=status or run.status,
                why=event.why,
                exit_code=event.exit_code,
                started=event.at if event.what == "started" and run.started is None else run.started,
                finished=None if event.what == "started" else event.at,
            )
        elif event.what == "progress":
            before = states.get(event.step, StepState(name=event.step))
            states[event.step] = replace(before, says=event.why, share=event.share)
        elif status is not None:
            before = states.get(event.step, StepState(name=event.step))
            states[event.step] = replace(
                before,
                status=status,
                why=event.why,
                key=event.key or before.key,
                outputs=event.outputs,
                seconds=event.seconds,
                attempts=event.attempt,
                exit_code=event.exit_code,
                says="",
                share=None,
            )
    return replace(run, seconds=seconds + ((last - begun).total_seconds() if begun and last else 0.0))


_STATUS: dict[Happening, Status] = {
    "started": "running",
    "retried": "running",
    "finished": "finished",
    "cached": "cached",
    "skipped": "skipped",
    "failed": "failed",
    "cancelled": "cancelled",
}
