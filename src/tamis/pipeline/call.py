"""Call: one step with all it is given, ready to run here, in a process of its own, or where an executor takes it."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic_core import to_jsonable_python

from tamis.core import TamisError, UsageError, did_you_mean
from tamis.pipeline.arguments import check_argument
from tamis.pipeline.kinds import Context, kind_of


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why a step failed, as plain words: it may come from another process."""

    message: str
    exit_code: int = 1
    """What the command line ends with: 2 wrong use, 3 a gate or a check did not hold, else 1."""
    retry: bool = True
    """False where another try would end the same way."""
    stopped: bool = False
    """True where it was told to stop, and did."""
    trace: str = ""
    """Of an error that nobody expected: where in the code it came from."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a call ended."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    failure: Failure | None = None


@dataclass(frozen=True, kw_only=True)
class Call:
    """A step's function with its arguments; it can be pickled."""

    uses: str
    context: Context
    inputs: Mapping[str, Any]
    parameters: Mapping[str, Any]
    """Those that are given, as JSON has them; they become what the function asks for."""

    def run(self) -> Outcome:
        """Return what the step makes, or why it failed."""
        try:
            kind = kind_of(self.uses)
            parameters = {name: check_argument(kind, name, value) for name, value in self.parameters.items()}
            outputs = kind.function(self.context, **self.inputs, **parameters)
            return Outcome(outputs=_declared(self.uses, kind.outputs, outputs))
        except KeyboardInterrupt:
            return Outcome(failure=Failure(message="it was stopped", retry=False, stopped=True))
        except TamisError as error:
            retry = error.exit_code == TamisError.exit_code
            return Outcome(failure=Failure(message=str(error), exit_code=error.exit_code, retry=retry))
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            return Outcome(failure=Failure(message=f"{type(error).__name__}: {error}", trace=trace))


def _declared(uses: str, names: tuple[str, ...], outputs: Any) -> Mapping[str, Any]:
    if not isinstance(outputs, Mapping):
        raise UsageError(f"{uses} must return a mapping with {', '.join(names)}, not {outputs!r}")
    for name in names:
        if name not in outputs:
            raise UsageError(f"{uses} did not return its output {name!r}, only: {', '.join(outputs) or 'nothing'}")
    for name in outputs:
        if name not in names:
            raise UsageError(f"{uses} returned {name!r}, which it does not declare.{did_you_mean(name, names)}")
        try:
            to_jsonable_python(outputs[name])
        except ValueError as error:
            raise UsageError(
                f"{uses} returned {name!r} as what JSON has not: {error}",
                hint="return artefacts, numbers, words, lists and mappings; what is numpy's has `.tolist()`",
            ) from None
    return outputs
