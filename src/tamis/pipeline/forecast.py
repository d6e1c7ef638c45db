"""Forecast: for each step whether it would run, and why, without running anything: `tamis run --explain`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from tamis.core import UsageError, Workspace
from tamis.pipeline.check import FAILURE_WORDS
from tamis.pipeline.explain import changes
from tamis.pipeline.graph import Graph
from tamis.pipeline.keys import known_parts, step_key
from tamis.pipeline.made import MADE, Made
from tamis.pipeline.own_code import importable
from tamis.pipeline.plan import Instance, named, plan
from tamis.pipeline.resolve import Settled, resolve
from tamis.pipeline.reuse import NEVER, find_made
from tamis.pipeline.state import RunState
from tamis.pipeline.store import last_run

Verdict = Literal["runs", "cached", "skipped", "depends"]


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What would become of a step."""

    step: str
    verdict: Verdict
    """`depends`: only what runs before it will tell."""
    why: str


def forecast(
    workspace: Workspace,
    graph: Graph,
    given: Mapping[str, Any],
    *,
    force: Collection[str] = (),
) -> list[Forecast]:
    """Return what would become of each step if the graph ran now; nothing is run and nothing is written."""
    importable(workspace.root)
    instances = plan(graph, given)
    made = Made(workspace.pipeline / MADE)
    looking = _Looking(
        workspace=workspace,
        made=made,
        earlier=last_run(workspace),
        forced=named(instances, force),
        handlers=frozenset(step.on_failure for step in graph.steps) - set(FAILURE_WORDS),
        settled={},
    )
    try:
        return [looking.at_or_why_not(instance) for instance in instances]
    finally:
        made.close()


@dataclass(frozen=True, kw_only=True)
class _Looking:
    workspace: Workspace
    made: Made
    earlier: RunState | None
    forced: Collection[str]
    handlers: Collection[str]
    settled: dict[str, Settled]
    """What is known of the steps before."""

    def at_or_why_not(self, instance: Instance) -> Forecast:
        """What would become of a step, even where that is an error."""
        try:
            return self.at(instance)
        except UsageError as error:
            return Forecast(step=instance.name, verdict="runs", why=f"it would fail: {error.message}")

    def at(self, instance: Instance) -> Forecast:
        """What would become of a step, when those before it were looked at."""
        name = instance.name
        if instance.step.name in self.handlers:
            return Forecast(step=name, verdict="depends", why="runs if a step fails that names it in on_failure")
        unknown = [each for each in _used(instance) if each not in self.settled]
        if unknown:
            return self._unknown(instance, unknown)
        resolved = resolve(instance, self.settled)
        if resolved.skip:
            self.settled[name] = Settled(status="skipped")
            return Forecast(step=name, verdict="skipped", why=resolved.skip)
        if why := self._anyway(instance):
            return Forecast(step=name, verdict="runs", why=why)
        key = step_key(
            self.workspace, instance.step.uses, instance.kind, inputs=resolved.inputs, parameters=resolved.parameters
        )
        found = find_made(
            self.workspace,
            self.made,
            name,
            key,
            now=datetime.now(UTC),
            expires_hours=instance.step.expires_hours,
            earlier=self.earlier,
        )
        if found.outputs is None:
            return Forecast(step=name, verdict="runs", why=found.why)
        self.settled[name] = Settled(status="cached", outputs=found.outputs)
        return Forecast(step=name, verdict="cached", why=found.why)

    def _anyway(self, instance: Instance) -> str:
        """Why a step runs though nothing changed; empty where it does not."""
        if instance.name in self.forced:
            return "it was asked to run anew"
        return "" if instance.step.cache else "it runs every time"

    def _unknown(self, instance: Instance, unknown: list[str]) -> Forecast:
        """What is to be said of a step before what it uses is there."""
        shown = _listed(unknown)
        if instance.condition is not None and any(
            each in unknown
            for heard in instance.condition.references
            for each in instance.heard.get(heard.step or "", ())
        ):
            return Forecast(step=instance.name, verdict="depends", why=f"runs if {instance.condition.text}")
        why = self._anyway(instance) or self._certain(instance)
        if why:
            return Forecast(step=instance.name, verdict="runs", why=why)
        why = f"runs if {shown} makes something else than before"
        return Forecast(step=instance.name, verdict="depends", why=why)

    def _certain(self, instance: Instance) -> str:
        """Why a step will run whatever those before it make; empty where that depends."""
        entries = self.made.all_of(instance.name)
        if not entries:
            return NEVER
        parameters = {name: value for name, value in instance.parameters.items() if name not in instance.asks}
        known = known_parts(self.workspace, instance.step.uses, instance.kind)
        told = []
        for entry in entries:
            before = entry.key.parts
            same = {name: value for name, value in before["parameters"].items() if name not in instance.asks}
            told.append(changes({**before, "parameters": same}, {**known, "parameters": parameters}))
        return told[0] if all(told) else ""


def _used(instance: Instance) -> list[str]:
    """The instances whose outputs a step takes or asks for."""
    sources = [source.instance for sources in instance.inputs.values() for source in sources]
    return list(dict.fromkeys([*sources, *(each for heard in instance.heard.values() for each in heard)]))


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
