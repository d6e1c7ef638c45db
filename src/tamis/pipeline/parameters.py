"""Parameters of a graph: what whoever starts the run gives, brought to its type and held to its bounds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from tamis.core import UsageError, did_you_mean
from tamis.pipeline.graph import Graph, Parameter

_MEANT = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "str": "a text",
    "list": "a list, such as a,b or [a, b]",
}
_TRUTHS = {"true": True, "false": False}


def given_parameters(graph: Graph, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of each parameter of a graph: what is given, else its default.

    Text, as a command line has it, becomes the parameter's type. All that is wrong is told at once.
    """
    values, wrong = {}, []
    for name in given.keys() - graph.parameters.keys():
        known = ", ".join(graph.parameters) or "none"
        near = did_you_mean(name, graph.parameters)
        wrong.append(f"{graph.name} has no parameter {name!r}. Parameters: {known}.{near}")
    for name, parameter in graph.parameters.items():
        try:
            values[name] = typed(parameter, given.get(name, parameter.default))
        except ValueError as error:
            wrong.append(f"parameter {name}: {error}")
    if wrong:
        raise UsageError("\n".join(sorted(wrong)))
    return values


def typed(parameter: Parameter, value: Any) -> Any:
    """Return a value in the type of a parameter and within its bounds; ValueError says what is wrong with it."""
    if value is None:
        raise ValueError(f"it has no default; give {_MEANT[parameter.type]}: NAME=VALUE")
    value = _converted(parameter.type, value)
    for each in value if isinstance(value, list) else [value]:
        if parameter.choices and each not in parameter.choices:
            choices = ", ".join(map(str, parameter.choices))
            raise ValueError(f"{each!r} is none of {choices}.{did_you_mean(str(each), map(str, parameter.choices))}")
        if parameter.minimum is not None and not _number(each) >= parameter.minimum:
            raise ValueError(f"{each!r} is below the minimum, {parameter.minimum:g}")
        if parameter.maximum is not None and not _number(each) <= parameter.maximum:
            raise ValueError(f"{each!r} is above the maximum, {parameter.maximum:g}")
    return value


def _converted(kind: str, value: Any) -> Any:
    text = value.strip() if isinstance(value, str) else None
    try:
        match kind:
            case "str" if isinstance(value, str):
                return value
            case "bool" if isinstance(value, bool):
                return value
            case "bool" if text is not None:
                return _TRUTHS[text.lower()]
            case "int" if text is not None or _whole(value):
                return int(value)
            case "float" if text is not None or _is_number(value):
                return float(value)
            case "list" if isinstance(value, list | tuple):
                return list(value)
            case "list" if text is not None:
                read = yaml.safe_load(text if text.startswith("[") else f"[{text}]")
                json.dumps(read)  # a date is no value that steps hand on
                return read
    except (ValueError, KeyError, TypeError, yaml.YAMLError):
        pass
    raise ValueError(f"{value!r} is not {_MEANT[kind]}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _whole(value: Any) -> bool:
    return _is_number(value) and value == value // 1


def _number(value: Any) -> float:
    if not _is_number(value):
        raise ValueError(f"{value!r} is not a number, and there are bounds")
    return float(value)
