"""Check: is a graph sound? Every mistake that can be found before anything runs, with the key that it stands at."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from tamis.core import UsageError, did_you_mean
from tamis.pipeline.arguments import check_argument, required
from tamis.pipeline.condition import read_condition
from tamis.pipeline.graph import Graph, Step
from tamis.pipeline.kinds import Kind, kind_of
from tamis.pipeline.parameters import typed
from tamis.pipeline.references import Reference, filled, reference, references

Key = tuple[str | int, ...]
FAILURE_WORDS = ("stop", "continue")


@dataclass(frozen=True)
class Problem:
    """Something wrong with a graph."""

    at: Key
    """The key in the graph's form: `("steps", 2, "inputs", "dataset")`."""
    message: str


def raise_problems(problems: Iterable[Problem], place: str | Callable[[Key], str]) -> None:
    """Raise one UsageError that tells all problems, each with its place; do nothing where there are none."""
    lines = [f"{place if isinstance(place, str) else place(each.at)}: {each.message}" for each in problems]
    if lines:
        raise UsageError("\n".join(lines))


def links(step: Step) -> list[str]:
    """Return the names of the steps that a step needs, each once, in order; it must be possible to read them."""
    found = [each.step for each in _input_references(step)]
    found += [each.step for each in references(step.parameters)]
    found += [each.step for each in read_condition(step.when).references] if step.when else []
    return list(dict.fromkeys([*(each for each in found if each is not None), *step.after]))


def check_graph(graph: Graph) -> list[Problem]:
    """Return all that is wrong with a graph."""
    problems = [Problem(("parameters", name), f"parameter {name!r}: {text}") for name, text in _bad_defaults(graph)]
    if not graph.steps:
        problems.append(Problem((), "there are no steps"))
    kinds: dict[str, Kind] = {}
    seen: dict[str, int] = {}
    for number, step in enumerate(graph.steps):
        at: Key = ("steps", number)
        if not step.name.isidentifier():
            problems.append(Problem((*at, "name"), f"a step's name is letters, digits and _, not {step.name!r}"))
        if step.name in seen:
            problems.append(
                Problem((*at, "name"), f"two steps are called {step.name!r}, the first is step {seen[step.name] + 1}")
            )
        seen.setdefault(step.name, number)
        try:
            kinds[step.name] = kind_of(step.uses)
        except UsageError as error:
            problems.append(Problem((*at, "uses"), f"step {step.name!r}: {error}"))
    for number, step in enumerate(graph.steps):
        for key, text in _Checking(graph, kinds, step).problems():
            problems.append(Problem(("steps", number, *key), f"step {step.name!r}: {text}"))
    return problems or _cycle(graph)


def _bad_defaults(graph: Graph) -> Iterator[tuple[str, str]]:
    for name, parameter in graph.parameters.items():
        if not name.isidentifier():
            yield name, "a name is letters, digits and _"
        if None not in (parameter.minimum, parameter.maximum) and parameter.minimum > parameter.maximum:  # type: ignore[operator]
            yield name, f"its minimum {parameter.minimum:g} is above its maximum {parameter.maximum:g}"
        if parameter.default is not None:
            try:
                typed(parameter, parameter.default)
            except ValueError as error:
                yield name, f"its default: {error}"


def _cycle(graph: Graph) -> list[Problem]:
    numbers = {step.name: number for number, step in enumerate(graph.steps)}
    try:
        TopologicalSorter({step.name: links(step) for step in graph.steps}).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        shown = " → ".join(circle)
        return [Problem(("steps", numbers[circle[0]]), f"steps wait for one another in a circle: {shown}")]
    return []


def _input_references(step: Step) -> Iterator[Reference]:
    for given in step.inputs.values():
        for text in [given] if isinstance(given, str) else given:
            yield reference(text)


@dataclass(frozen=True)
class _Checking:
    """One step of a graph, looked at key by key."""

    graph: Graph
    kinds: Mapping[str, Kind]
    step: Step

    def problems(self) -> Iterator[tuple[Key, str]]:
        names = [step.name for step in self.graph.steps]
        for number, name in enumerate(self.step.after):
            if name not in names:
                yield (
                    ("after", number),
                    f"it runs after {name!r}, and there is no such step.{did_you_mean(name, names)}",
                )
        if self.step.on_failure not in FAILURE_WORDS:
            name = self.step.on_failure
            if name not in names:
                near = did_you_mean(name, [*FAILURE_WORDS, *names])
                yield ("on_failure",), f"on_failure is stop, continue or the name of a step, not {name!r}.{near}"
            elif name == self.step.name:
                yield ("on_failure",), "on_failure names the step itself; to run it again, give it retries"
        if self.step.when is not None:
            try:
                for each in read_condition(self.step.when).references:
                    yield from self._reference(("when",), each)
            except UsageError as error:
                yield ("when",), str(error)
        kind = self.kinds.get(self.step.name)
        if kind:
            yield from self._inputs(kind)
            yield from self._for_each(kind)
            yield from self._parameters(kind)

    def _inputs(self, kind: Kind) -> Iterator[tuple[Key, str]]:
        for name, given in self.step.inputs.items():
            at: Key = ("inputs", name)
            if name not in kind.inputs:
                parameter = " It is a parameter: write it under `parameters`." if name in kind.parameters else ""
                hint = parameter or did_you_mean(name, kind.inputs)
                known = ", ".join(kind.inputs) or "none"
                yield (
                    at,
                    f"{self.step.uses} has no input {name!r}. Inputs: {known}.{hint}",
                )
            elif isinstance(given, list) and not kind.inputs[name]:
                yield at, f"the input {name!r} takes one artefact, and a list is given"
            for text in [given] if isinstance(given, str) else given:
                try:
                    found = reference(text)
                except ValueError:
                    found = None
                if found is None or found.step is None or len(found.words) > 2:
                    yield at, f"an input reads step.output, not {text!r}"
                else:
                    yield from self._reference(at, found)
        for name in kind.inputs:
            if name not in self.step.inputs and name not in kind.optional:
                yield ("inputs",), f"the input {name!r} of {self.step.uses} is missing: write {name}: STEP.OUTPUT"

    def _for_each(self, kind: Kind) -> Iterator[tuple[Key, str]]:
        for name, values in self.step.for_each.items():
            at: Key = ("for_each", name)
            if name not in kind.parameters:
                yield at, self._no_parameter(kind, name)
            if name in self.step.parameters:
                yield at, f"{name!r} is given by for_each and by parameters"
            if isinstance(values, str):
                try:
                    found = list(references(values))
                except ValueError as error:
                    yield at, str(error)
                    continue
                if not found or filled(values, str) != str(found[0]) or found[0].step:
                    yield at, f"for_each takes a list or a parameter that is one, ${{families}}, not {values!r}"
                    continue
                yield from self._reference(at, found[0])
                declared = self.graph.parameters.get(found[0].name)
                if declared and declared.type != "list":
                    yield at, f"for_each takes a list, and the parameter {found[0].name!r} is of type {declared.type}"
                continue
            if not values:
                yield at, f"for_each: there is nothing in {name!r} to go over"
            if any(each.step for each in references(values)):
                yield at, "for_each cannot go over what a step makes: the steps must be known before anything runs"
            elif name in kind.parameters:
                for each in values:
                    yield from self._value(kind, at, name, each)

    def _parameters(self, kind: Kind) -> Iterator[tuple[Key, str]]:
        for name, value in self.step.parameters.items():
            at: Key = ("parameters", name)
            if name not in kind.parameters:
                yield at, self._no_parameter(kind, name)
                continue
            try:
                found = list(references(value))
            except ValueError as error:
                yield at, str(error)
                continue
            for each in found:
                yield from self._reference(at, each)
            yield from self._value(kind, at, name, value)
        for name in required(kind):
            if name not in self.step.parameters and name not in self.step.for_each:
                yield ("parameters",), f"the parameter {name!r} of {self.step.uses} is missing, and it has no default"

    def _value(self, kind: Kind, at: Key, name: str, value: Any) -> Iterator[tuple[Key, str]]:
        """Check a value whose references are all known already; the plan checks the others."""
        known = {name: each.default for name, each in self.graph.parameters.items() if each.default is not None}
        if all(each.step is None and each.name in known for each in references(value)):
            try:
                check_argument(kind, name, filled(value, lambda each: known[each.name]))
            except ValueError as error:
                yield at, str(error)

    def _no_parameter(self, kind: Kind, name: str) -> str:
        known = ", ".join(kind.parameters) or "none"
        hint = (
            " It is an input: write it under `inputs`." if name in kind.inputs else did_you_mean(name, kind.parameters)
        )
        return f"{self.step.uses} has no parameter {name!r}. Parameters: {known}.{hint}"

    def _reference(self, at: Key, found: Reference) -> Iterator[tuple[Key, str]]:
        if found.step is None:
            if found.name not in self.graph.parameters:
                known = ", ".join(self.graph.parameters) or "none"
                near = did_you_mean(found.name, self.graph.parameters)
                yield at, f"{found.name!r} is no parameter of the graph. Parameters: {known}.{near}"
            return
        names = [step.name for step in self.graph.steps]
        if found.step not in names:
            yield at, f"it uses {str(found)!r}, and there is no step {found.step!r}.{did_you_mean(found.step, names)}"
            return
        kind = self.kinds.get(found.step)
        if kind and found.name not in kind.outputs:
            near = did_you_mean(found.name, kind.outputs)
            yield at, f"{found.step} makes no {found.name!r}. It makes: {', '.join(kind.outputs)}.{near}"
