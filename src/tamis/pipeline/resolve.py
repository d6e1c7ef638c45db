"""Resolve: what a step is given by those before it, or why it cannot run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from tamis.core import UsageError
from tamis.pipeline.arguments import check_argument
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.plan import Instance, Source
from tamis.pipeline.references import Reference, filled

DONE = ("finished", "cached")


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A step that is over: what it made, or what became of it."""

    status: str
    outputs: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """All arguments of a step, or `skip`: why it does not run."""

    inputs: Mapping[str, Any] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """All of them, defaults too, as JSON has them."""
    skip: str = ""


def resolve(instance: Instance, settled: Mapping[str, Settled]) -> Resolved:
    """Return the arguments of a step whose needs are settled; UsageError where one is not what the step takes."""
    inputs: dict[str, Any] = {}
    for name, sources in instance.inputs.items():
        there = [source for source in sources if _done(source.instance, settled)]
        missing = [source for source in sources if source not in there]
        if missing and name not in instance.kind.optional:
            return Resolved(skip=_missed(missing[0].instance, settled))
        artefacts = [_artefact(name, source, settled) for source in there]
        if instance.kind.inputs[name] and (artefacts or not missing):
            inputs[name] = artefacts
        elif artefacts:
            inputs[name] = artefacts[0]
    for heard in instance.heard.values():
        for each in heard:
            if not _done(each, settled):
                return Resolved(skip=_missed(each, settled))

    def look_up(reference: Reference) -> Any:
        return _value(instance, reference, settled)

    condition = instance.condition
    if condition is not None and not condition.holds(look_up):
        values = ", ".join(f"{each} = {look_up(each)!r}" for each in condition.references)
        return Resolved(skip=f"{condition.text} does not hold{': ' + values if values else ''}")
    parameters = dict(instance.parameters)
    for name in instance.asks:
        try:
            value = check_argument(instance.kind, name, filled(parameters[name], look_up))
        except ValueError as error:
            raise UsageError(str(error)) from None
        parameters[name] = to_jsonable_python(value)
    return Resolved(inputs=inputs, parameters=parameters)


def _done(name: str, settled: Mapping[str, Settled]) -> bool:
    return name in settled and settled[name].status in DONE


def _missed(name: str, settled: Mapping[str, Settled]) -> str:
    return f"it uses what {name} makes, which {'was ' + settled[name].status if name in settled else 'did not run'}"


def _artefact(argument: str, source: Source, settled: Mapping[str, Settled]) -> Artefact:
    found = settled[source.instance].outputs[source.output]
    if not isinstance(found, Artefact):
        whole = f"{source.instance}.{source.output}"
        raise UsageError(
            f"the input {argument!r} takes an artefact, and {whole} is a value: {found!r}",
            hint=f"give it as a parameter: ${{{whole}}}",
        )
    return found


def _value(instance: Instance, reference: Reference, settled: Mapping[str, Settled]) -> Any:
    """What a reference is worth; of a step that fans out where this one does not, a list."""
    if reference.step is None:
        return instance.values[reference.name]
    found = [_inside(settled[each].outputs, reference) for each in instance.heard[reference.step]]
    return found if reference.step in instance.many else found[0]


def _inside(outputs: Mapping[str, Any], reference: Reference) -> Any:
    found: Any = outputs
    for word in reference.words[1:]:
        if isinstance(found, Artefact):
            found = found.model_dump()
        if not isinstance(found, Mapping) or word not in found:
            known = f"It has: {', '.join(found)}." if isinstance(found, Mapping) else f"It is {found!r}."
            raise UsageError(f"{reference}: there is no {word!r} in what {reference.step} made. {known}")
        found = found[word]
    return found
