"""Rows: the text of what a request holds for it: a text, or values as the columns of the model's data had them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tamis.core import Schema
from tamis.serve.problem import Problem
from tamis.serve.server import Server

PLAIN_NAMES = ("text", "content")
"""What the text may be called, whatever the column was called that the model learned from."""


def schema_of(server: Server, model: str | None = None) -> Schema:
    """Return which columns of its data the model read as text; without a name, of the first model."""
    return server.answering.fleet.route(model).served[0].classifier.bundle.manifest.schema_


def text_of(value: Any, schema: Schema, *, field: str) -> str | None:
    """Return the text of one row: a text as it is, a list by position, an object by name; null is an empty text."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, float) and math.isnan(value):  # an empty cell, as pandas writes it
        return None
    if isinstance(value, list):
        return schema.text_of(dict(zip(schema.text, _cells(value, schema, field), strict=True)))
    if isinstance(value, dict):
        return _by_name(value, schema, field)
    raise Problem(422, f"{field}: {_shown(value)}; expected a text", field=field)


def _cells(values: Sequence[Any], schema: Schema, field: str) -> list[str | None]:
    if len(values) != len(schema.text):
        expected = ", ".join(schema.text)
        raise Problem(
            422, f"{field}: {len(values)} values; the model reads {len(schema.text)}: {expected}", field=field
        )
    return [_cell(value, f"{field}.{place}") for place, value in enumerate(values)]


def _by_name(values: Mapping[str, Any], schema: Schema, field: str) -> str | None:
    if set(schema.text) <= set(values):
        return schema.text_of({name: _cell(values[name], f"{field}.{name}") for name in schema.text})
    for name in PLAIN_NAMES:
        if name in values:
            return _cell(values[name], f"{field}.{name}")
    expected = " and ".join(f"`{name}`" for name in schema.text)
    came = ", ".join(map(str, values)) or "nothing"
    raise Problem(422, f"{field}: the model reads {expected}, or `text`. There is {came}.", field=field)


def _cell(value: Any, field: str) -> str | None:
    if isinstance(value, list | dict):
        raise Problem(422, f"{field}: {_shown(value)}; expected a text", field=field)
    # neither has columns any more, so that the schema plays no role
    return text_of(value, Schema(text=("text",)), field=field)


def _shown(value: Any) -> str:
    named = {list: "a list", dict: "an object", bool: "true or false", int: "a number", float: "a number"}
    return named[type(value)]
