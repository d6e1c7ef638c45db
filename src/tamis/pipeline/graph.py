"""Graph: what is to be done, as data. `pipeline.yaml`, Python and the standard graph all come to this form, and any
engine can be given it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

ParameterType = Literal["int", "float", "str", "bool", "list"]


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Parameter(_Record):
    """A value that whoever starts the run may give."""

    type: ParameterType
    default: Any = None
    """None: it must be given."""
    minimum: float | None = None
    maximum: float | None = None
    choices: tuple[Any, ...] = ()
    help: str = ""


class Step(_Record):
    """One thing to do."""

    name: str
    uses: str
    """Which function does it: a built-in step (`train`), or `package.module:function`."""
    inputs: dict[str, str | list[str]] = {}
    """Argument to what another step makes, `split.dataset`; of a list, or a step that fans out, it gets a list."""
    parameters: dict[str, Any] = {}
    """Argument to value; `${epochs}` stands for a parameter of the graph, `${train.score}` for what a step made."""
    after: tuple[str, ...] = ()
    """Steps that must be done before, though nothing of theirs is used."""
    when: str | None = None
    """Run only if this holds: `evaluate.macro_f1 >= 0.8 and ${deploy}`. Who uses what did not run does not run."""
    for_each: dict[str, list[Any] | str] = {}
    """Argument to values: one step for each, or for each combination: `train[family=linear,seed=1]`."""
    retries: int = Field(0, ge=0)
    backoff_seconds: float = Field(1.0, ge=0)
    """Before the first retry; twice as long before each next one."""
    timeout_seconds: float | None = Field(None, gt=0)
    """A step with a timeout runs in a process of its own, which can be ended."""
    on_failure: str = "stop"
    """`stop`, `continue` (who does not use it runs on), or the name of a step that runs then."""
    cache: bool = True
    """False: it runs every time."""
    expires_hours: float | None = Field(None, gt=0)
    """What it made longer ago is made anew."""


class Graph(_Record):
    """Steps that use what others make."""

    name: str
    parameters: dict[str, Parameter] = {}
    steps: tuple[Step, ...]
