"""Arguments: the parameters of a step's function, checked by its annotations."""

from __future__ import annotations

import inspect
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_jsonable_python

from tamis.pipeline.kinds import Kind


def required(kind: Kind) -> list[str]:
    """Return the parameters of a kind that have no default."""
    return [name for name, each in kind.parameters.items() if each.default is inspect.Parameter.empty]


def defaults(kind: Kind) -> dict[str, Any]:
    """Return the parameters of a kind that have a default, as JSON has them."""
    empty = inspect.Parameter.empty
    return {
        name: to_jsonable_python(each.default) for name, each in kind.parameters.items() if each.default is not empty
    }


def check_argument(kind: Kind, name: str, value: Any) -> Any:
    """Return a parameter's value in the type that the function asks for; ValueError says what is wrong with it."""
    try:
        return TypeAdapter(kind.parameters[name].annotation).validate_python(value)
    except ValidationError as error:
        problem = error.errors()[0]
        inner = "".join(f"[{each!r}]" for each in problem["loc"])
        told = problem["msg"][0].lower() + problem["msg"][1:]
        raise ValueError(f"{name}{inner} = {problem['input']!r}: {told}") from None
