"""Kind: the function behind a step, with what it takes and makes, read from its signature."""

from __future__ import annotations

import importlib
import inspect
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tamis.core import Progress, Silent, UsageError, Workspace, did_you_mean, plugins
from tamis.pipeline.artefact import Artefact

_MARK = "__tamis_step__"


@dataclass(frozen=True)
class Context:
    """What every step is given besides its inputs and parameters."""

    workspace: Workspace
    progress: Progress = Silent()
    run: str = ""
    """The name of the pipeline run."""


StepFunction = Callable[..., Mapping[str, Any]]
Reads = Callable[[Workspace, Mapping[str, Any]], Any]


@dataclass(frozen=True)
class Kind:
    """A function that may be a step."""

    function: StepFunction
    outputs: tuple[str, ...]
    inputs: Mapping[str, bool] = field(default_factory=dict)
    """Arguments that artefacts come by; True where it takes a list of them."""
    parameters: Mapping[str, inspect.Parameter] = field(default_factory=dict)
    """The other arguments, with their annotations (`Annotated[int, Field(ge=1)]` bounds them) and defaults."""
    settings: tuple[str, ...] = ()
    """The sections of `tamis.yaml` that it reads: what changes there runs it anew."""
    code: tuple[str, ...] = ()
    """The chapters whose code it runs, besides its own module: what changes there runs it anew."""
    reads: Reads | None = None
    """What else it depends on, as a JSON value that changes when that does: the content of a file that a parameter
    names, what the registry says. It is given the workspace and all arguments; None: nobody can tell, it runs."""
    optional: tuple[str, ...] = ()
    """Inputs with a default: they need not be given, and the step runs though what makes them did not."""


def step(
    *,
    outputs: tuple[str, ...],
    settings: tuple[str, ...] = (),
    code: tuple[str, ...] = (),
    reads: Reads | None = None,
) -> Callable[[StepFunction], StepFunction]:
    """Mark a function as a step that makes these outputs.

    Its first argument is a `Context`; arguments annotated `Artefact` or `list[Artefact]` are inputs, one that may be
    missing `Artefact | None = None`; all others are parameters. It returns a mapping with its outputs: artefacts, or
    values as JSON has them.
    """

    def mark(function: StepFunction) -> StepFunction:
        setattr(function, _MARK, (outputs, settings, code, reads))
        return function

    return mark


def kind_of(uses: str) -> Kind:
    """Return the kind that a step uses: a built-in by its name, or `package.module:function`."""
    if ":" not in uses:
        function = plugins.load("step", uses)
    else:
        module, _, name = uses.partition(":")
        try:
            found = vars(importlib.import_module(module))
        except Exception as error:  # whatever a module of one's own may raise when it is imported
            raise UsageError(f"no step {uses!r}: {type(error).__name__}: {error}") from None
        if name not in found:
            steps = [each for each, it in found.items() if hasattr(it, _MARK)]
            raise UsageError(f"no step {uses!r}.{did_you_mean(name, steps)}")
        function = found[name]
    if not hasattr(function, _MARK):
        raise UsageError(f"{uses} is no step", hint="put @tamis.pipeline.step(outputs=…) above it")
    return _read(function)


@cache
def _read(function: StepFunction) -> Kind:
    """Return what the signature and the mark of a step's function say."""
    outputs, settings, code, reads = getattr(function, _MARK)
    where = f"{function.__module__}:{function.__qualname__}"
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as error:
        raise UsageError(f"the annotations of {where} cannot be read: {type(error).__name__}: {error}") from None
    inputs: dict[str, bool] = {}
    parameters: dict[str, inspect.Parameter] = {}
    optional: list[str] = []
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        hint = hints.get(name, Any)
        if hint in (Artefact, Artefact | None, list[Artefact]):
            inputs[name] = hint == list[Artefact]
            if parameter.default is not parameter.empty:
                optional.append(name)
        elif _names_artefact(hint):
            raise UsageError(
                f"the argument {name!r} of {where} cannot be an input as it is annotated",
                hint="write Artefact, Artefact | None = None, or list[Artefact]",
            )
        else:
            parameters[name] = parameter.replace(annotation=hint)
    return Kind(function, outputs, inputs, parameters, settings, code, reads, tuple(optional))


def _names_artefact(hint: Any) -> bool:
    return hint is Artefact or any(map(_names_artefact, typing.get_args(hint)))
