"""Build: a graph put together in Python; it is the same data as that of `pipeline.yaml`.

words = use(write_words, language="en")
model = use("train", dataset=words["dataset"], seed=param("seed")).options(retries=2, when=f"{words['rows']} > 100")
graph = build_graph("words", [model], parameters={"seed": Parameter(type="int", default=1)})
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypedDict, Unpack

from tamis.core import UsageError
from tamis.pipeline.check import check_graph, raise_problems
from tamis.pipeline.graph import Graph, Parameter, Step
from tamis.pipeline.kinds import StepFunction, kind_of


class Options(TypedDict, total=False):
    """The keys of a step besides what it is given; they mean what they mean in `pipeline.yaml`, see `Step`."""

    name: str
    after: Sequence[Use]
    when: str
    for_each: Mapping[str, Sequence[Any] | Param]
    retries: int
    backoff_seconds: float
    timeout_seconds: float
    on_failure: str | Use
    cache: bool
    expires_hours: float


@dataclass(frozen=True)
class Param:
    """A parameter of the graph; in a condition it can be written into the text."""

    name: str

    def __str__(self) -> str:
        return f"${{{self.name}}}"


@dataclass(frozen=True, eq=False)
class Use:
    """A step in the making."""

    uses: str
    arguments: Mapping[str, Any]
    said: Options

    @property
    def name(self) -> str:
        """The step's name: that of its function, unless another was given."""
        return self.said.get("name", self.uses.rpartition(":")[2])

    def __getitem__(self, output: str) -> Output:
        """Return one of its outputs, for another step to use."""
        return Output(self, output)

    def options(self, **said: Unpack[Options]) -> Use:
        """Return the same step with other keys: its name, a condition, what it fans out over, how it is tried."""
        return replace(self, said=self.said | said)


@dataclass(frozen=True)
class Output:
    """What a step makes; in a condition it can be written into the text."""

    step: Use
    name: str

    def __str__(self) -> str:
        return f"${{{self.step.name}.{self.name}}}"


def use(function: StepFunction | str, **arguments: Any) -> Use:
    """Return a step that calls a function, or a built-in step by its name, with these arguments.

    An argument is a value, a parameter of the graph (`param("seed")`) or what another step makes (`words["dataset"]`).
    """
    uses = function if isinstance(function, str) else f"{function.__module__}:{function.__qualname__}"
    return Use(uses, arguments, {})


def param(name: str) -> Param:
    """Return what stands for a parameter of the graph."""
    return Param(name)


def build_graph(name: str, steps: Iterable[Use], *, parameters: Mapping[str, Parameter] | None = None) -> Graph:
    """Return the graph of these steps and of all that they use; UsageError tells what is wrong with it."""
    found: dict[Use, None] = {}
    for each in steps:
        _collect(each, found)
    graph = Graph(name=name, parameters=dict(parameters or {}), steps=tuple(map(_step, found)))
    raise_problems(check_graph(graph), f"pipeline {name}")
    return graph


def _collect(step: Use, found: dict[Use, None]) -> None:
    if step not in found:
        for each in [*_used(list(step.arguments.values())), *step.said.get("after", ())]:
            _collect(each, found)
        found[step] = None
        if isinstance(handler := step.said.get("on_failure"), Use):
            _collect(handler, found)


def _used(value: Any) -> Iterator[Use]:
    if isinstance(value, Output):
        yield value.step
    elif isinstance(value, Use):
        raise UsageError(f"{value.name} is a step: say which of its outputs is meant, {value.name}['…']")
    elif isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _used(each)


def _step(step: Use) -> Step:
    kind = kind_of(step.uses)
    said: dict[str, Any] = dict(step.said)
    said["after"] = [each.name for each in step.said.get("after", ())]
    said["for_each"] = {name: _plain(values) for name, values in step.said.get("for_each", {}).items()}
    if isinstance(handler := step.said.get("on_failure"), Use):
        said["on_failure"] = handler.name
    inputs = {name: value for name, value in step.arguments.items() if name in kind.inputs}
    return Step(
        **{**said, "name": step.name},
        uses=step.uses,
        inputs={name: _reference(step, name, value) for name, value in inputs.items()},
        parameters={name: _plain(value) for name, value in step.arguments.items() if name not in inputs},
    )


def _reference(step: Use, argument: str, value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_reference(step, argument, each) for each in value]
    if not isinstance(value, Output):
        raise UsageError(f"{step.name}: the input {argument!r} is what another step makes, not {value!r}")
    return f"{value.step.name}.{value.name}"


def _plain(value: Any) -> Any:
    if isinstance(value, Output | Param):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list | tuple) else value
