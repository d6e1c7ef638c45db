"""Reuse: whether a step may use what it made before, and why or why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic_core import to_jsonable_python

from tamis.core import Workspace
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import artefacts_in, is_there
from tamis.pipeline.explain import ago, changes
from tamis.pipeline.keys import StepKey
from tamis.pipeline.made import Made
from tamis.pipeline.state import RunState

NOBODY_KNOWS = "nobody can tell whether what it reads changed"
NEVER = "it never ran"
_CLOCKS_DIFFER_SECONDS = 60


@dataclass(frozen=True)
class Reuse:
    """Whether a step may use what it made before, and why or why not."""

    outputs: Mapping[str, Any] | None
    """What it made; None: it must run."""
    why: str


def find_made(
    workspace: Workspace,
    made: Made,
    step: str,
    key: StepKey,
    *,
    now: datetime,
    expires_hours: float | None = None,
    earlier: RunState | None = None,
) -> Reuse:
    """Return what was made under a key, if all of it is still there as it was; `earlier` is the run before."""
    if not key.fingerprint:
        return Reuse(None, NOBODY_KNOWS)
    entry = made.by_key(key.fingerprint)
    if entry is None:
        return Reuse(None, _why_new(made, step, key, earlier))
    age = (now - entry.at).total_seconds()
    if expires_hours is not None and age > expires_hours * 3600:
        return Reuse(None, f"what it made expired {ago(age - expires_hours * 3600)} ago")
    if expires_hours is not None and age < -_CLOCKS_DIFFER_SECONDS:
        return Reuse(None, "the clock was set back since it ran, so nobody knows whether what it made expired")
    gone = [it for it in artefacts_in(entry.outputs) if not is_there(workspace, it)]
    if gone:
        return Reuse(None, f"what it made is gone or changed: {', '.join(f'{it.kind} {it.ref}' for it in gone)}")
    return Reuse(read_outputs(entry.outputs), f"nothing changed since {entry.run}")


def write_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs as JSON has them."""
    written: dict[str, Any] = to_jsonable_python(dict(outputs))
    return written


def read_outputs(written: Mapping[str, Any]) -> dict[str, Any]:
    """Return outputs with their artefacts, from JSON."""
    return {name: _read(value) for name, value in written.items()}


def _read(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == set(Artefact.model_fields):
            return Artefact.model_validate(value)
        return {key: _read(inner) for key, inner in value.items()}
    return [_read(inner) for inner in value] if isinstance(value, list) else value


def _why_new(made: Made, step: str, key: StepKey, earlier: RunState | None) -> str:
    before = earlier.steps.get(step) if earlier is not None else None
    if earlier is not None and before is not None and before.key == key.fingerprint:
        if before.status == "failed":
            return f"it failed in {earlier.name}"
        if before.status in ("running", "interrupted", "cancelled"):
            return f"{earlier.name} was cut short while it ran"
    last = made.last_of(step)
    return changes(last.key.parts, key.parts) if last is not None else NEVER
