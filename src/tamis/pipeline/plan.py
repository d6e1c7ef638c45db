"""Plan: every step there is to run once what fans out is fanned out, in order, with typed parameters."""

from __future__ import annotations

import itertools
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from graphlib import TopologicalSorter
from typing import Any

from pydantic_core import to_jsonable_python

from tamis.core import UsageError, did_you_mean
from tamis.pipeline.arguments import check_argument, defaults
from tamis.pipeline.check import check_graph, links, raise_problems
from tamis.pipeline.condition import Condition, read_condition
from tamis.pipeline.graph import Graph, Step
from tamis.pipeline.kinds import Kind, kind_of
from tamis.pipeline.parameters import given_parameters
from tamis.pipeline.references import Reference, filled, reference, references

Axes = dict[str, list[Any]]
"""What a step fans out over: a name and its values."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """What one of the instances before makes."""

    instance: str
    output: str


@dataclass(frozen=True, kw_only=True)
class Instance:
    """One step as it will run: alone, or at one place of what it fans out over."""

    name: str
    """`train`, `train[family=linear,seed=1]`."""
    step: Step
    kind: Kind
    places: Mapping[str, Any] = field(default_factory=dict)
    """Where it is on each axis that it, or what it uses, fans out over: `{"family": "linear", "seed": 1}`."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """All parameters as JSON has them, defaults too; those that `asks` names still hold `${train.score}`."""
    given: tuple[str, ...] = ()
    """The parameters that are not left at the function's default."""
    asks: tuple[str, ...] = ()
    """The parameters that are known only when steps before are done."""
    inputs: Mapping[str, tuple[Source, ...]] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    """The instances that must be done before."""
    heard: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """For each step that its parameters or its condition name: the instances that answer."""
    many: tuple[str, ...] = ()
    """Those of them that answer with a list, for they fan out where this one does not."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """The parameters of the graph."""

    @cached_property
    def condition(self) -> Condition | None:
        """What must hold for it to run."""
        return read_condition(self.step.when) if self.step.when else None


def plan(graph: Graph, given: Mapping[str, Any]) -> tuple[Instance, ...]:
    """Return the instances of a graph, each after those it needs; UsageError tells all that is wrong with the graph."""
    raise_problems(check_graph(graph), f"pipeline {graph.name}")
    planning = _Planning(given_parameters(graph, given))
    wrong: list[str] = []
    for step in _in_order(graph):
        try:
            planning.add(step)
        except ValueError as error:
            wrong.append(f"pipeline {graph.name}: step {step.name!r}: {error}")
    if wrong:
        raise UsageError("\n".join(wrong))
    return tuple(instance for instances in planning.made.values() for instance in instances)


def _in_order(graph: Graph) -> Iterator[Step]:
    steps = {step.name: step for step in graph.steps}
    sorter = TopologicalSorter({step.name: links(step) for step in graph.steps})
    sorter.prepare()
    while sorter.is_active():
        ready = set(sorter.get_ready())
        yield from (step for name, step in steps.items() if name in ready)
        sorter.done(*ready)


@dataclass(frozen=True)
class _Planning:
    """The instances so far; steps are added in order."""

    values: Mapping[str, Any]
    made: dict[str, list[Instance]] = field(default_factory=dict)
    axes: dict[str, Axes] = field(default_factory=dict)

    def add(self, step: Step) -> None:
        kind = kind_of(step.uses)
        own = {name: self._axis(name, values) for name, values in step.for_each.items()}
        axes = self._axes(step, kind, own)
        self.axes[step.name], self.made[step.name] = axes, []
        names = set()
        for values in itertools.product(*axes.values()):
            places = dict(zip(axes, values, strict=True))
            instance = self._instance(step, kind, places, own)
            if instance.name in names:
                raise ValueError(f"for_each makes {instance.name} twice")
            names.add(instance.name)
            self.made[step.name].append(instance)

    def _axis(self, name: str, values: list[Any] | str) -> list[Any]:
        found = filled(values, self._value_of)
        if not isinstance(found, list) or not found:
            raise ValueError(f"for_each: there is nothing in {name!r} to go over: {values} is {found!r}")
        return found

    def _axes(self, step: Step, kind: Kind, own: Axes) -> Axes:
        """What it fans out over: with the steps of which it takes one artefact at a time, and by itself."""
        axes: Axes = {}
        mapped = [
            reference(text) for name, text in step.inputs.items() if isinstance(text, str) and not kind.inputs[name]
        ]
        for where, theirs in [*((str(each), self.axes.get(str(each.step), {})) for each in mapped), ("for_each", own)]:
            for name, values in theirs.items():
                if axes.setdefault(name, values) != values:
                    raise ValueError(f"it fans out over {name!r} twice: {axes[name]}, and by {where} {values}")
        return axes

    def _instance(self, step: Step, kind: Kind, places: Mapping[str, Any], own: Axes) -> Instance:
        given = {**step.parameters, **{name: places[name] for name in own}}
        asks = tuple(name for name, value in given.items() if any(each.step for each in references(value)))
        parameters = {name: filled(value, self._value_of) for name, value in given.items() if name not in asks}
        parameters = {name: to_jsonable_python(check_argument(kind, name, value)) for name, value in parameters.items()}
        named = [*references(given), *(read_condition(step.when).references if step.when else ())]
        heard = {each.step: self._at(each.step, places) for each in named if each.step}
        inputs = {
            name: tuple(
                Source(instance=instance, output=found.name)
                for text in ([refs] if isinstance(refs, str) else refs)
                for found in [reference(text)]
                for instance in self._at(str(found.step), places)
            )
            for name, refs in step.inputs.items()
        }
        needs = [source.instance for sources in inputs.values() for source in sources]
        needs += [instance for instances in heard.values() for instance in instances]
        needs += [instance for name in step.after for instance in self._at(name, places)]
        return Instance(
            name=instance_name(step.name, places),
            step=step,
            kind=kind,
            places=places,
            parameters={**defaults(kind), **given, **parameters},
            given=tuple(given),
            asks=asks,
            inputs=inputs,
            needs=tuple(dict.fromkeys(needs)),
            heard=heard,
            many=tuple(name for name in heard if not self.axes.get(name, {}).keys() <= places.keys()),
            values=self.values,
        )

    def _at(self, step: str, places: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the instances of a step at these places; on an axis that is not among them, all."""
        return tuple(
            each.name
            for each in self.made.get(step, ())
            if all(places.get(axis, value) == value for axis, value in each.places.items())
        )

    def _value_of(self, reference: Reference) -> Any:
        return self.values[reference.name]


def named(instances: Sequence[Instance], names: Collection[str]) -> frozenset[str]:
    """Return the names of the instances that are called so, or whose step is; UsageError for a name of none."""
    known = list(dict.fromkeys([*(each.step.name for each in instances), *(each.name for each in instances)]))
    for name in names:
        if name not in known:
            steps = ", ".join(dict.fromkeys(each.step.name for each in instances))
            raise UsageError(f"no step {name!r}. Steps: {steps}.{did_you_mean(name, known)}")
    return frozenset(each.name for each in instances if each.name in names or each.step.name in names)


def instance_name(step: str, places: Mapping[str, Any]) -> str:
    """Return how an instance is called: `train[family=linear,seed=1]`."""
    if not places:
        return step
    shown = (
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in places.items()
    )
    return f"{step}[{','.join(shown)}]"
