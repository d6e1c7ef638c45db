"""Described: what a route's documentation says of its body, which the route reads itself, and of its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

JSON = "application/json"


def request_body(*models: type[BaseModel], others: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the part of OpenAPI for a JSON body that is one of some models; `others` are other content types."""
    schemas = [_whole(model.model_json_schema()) for model in models]
    examples = [example for schema in schemas for example in schema.pop("examples", ())]
    content = {
        "schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
        "examples": {f"{number}": {"value": example} for number, example in enumerate(examples, 1)},
    }
    return {"requestBody": {"required": True, "content": {JSON: content, **(others or {})}}}


def answer_body(
    *shapes: Mapping[str, Any],
    others: Mapping[str, Mapping[str, Any]] | None = None,
    example: Any = None,
    status: int = 200,
) -> dict[int | str, dict[str, Any]]:
    """Return the part of OpenAPI for an answer that is JSON of one of some shapes; `others` are other content types."""
    schema = shapes[0] if len(shapes) == 1 else {"anyOf": list(shapes)}
    content = {"schema": schema} | ({} if example is None else {"example": example})
    return {status: {"description": "The answer", "content": {JSON: content, **(others or {})}}}


def listed(item: Mapping[str, Any], *, maybe: bool = False) -> dict[str, Any]:
    """Return the schema of a list; `maybe`: or of null."""
    return {"type": ["array", "null"] if maybe else "array", "items": item}


def record(*required: str, **members: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of an object with some members, of which some are required."""
    return {"type": "object", "required": list(required), "properties": members}


TEXT, NUMBER, YES_OR_NO = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
MAYBE_TEXT, MAYBE_NUMBER = {"type": ["string", "null"]}, {"type": ["number", "null"]}


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema with its parts in their places: in OpenAPI a reference would lead elsewhere."""
    parts = schema.pop("$defs", {})

    def put(node: Any) -> Any:
        if isinstance(node, list):
            return [put(each) for each in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return put(parts[node["$ref"].rpartition("/")[2]] | rest)
        return {key: put(value) for key, value in node.items()}

    whole: dict[str, Any] = put(schema)
    return whole
