"""Body: reads a request's body, no further than is allowed, and as what the route expects."""

from __future__ import annotations

from typing import TypeVar

from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request

from tamis.serve.problem import Problem

T = TypeVar("T")


async def read_body(request: Request, *, most_bytes: int) -> bytes:
    """Return the body; a larger one is refused before it is read whole."""
    told = request.headers.get("content-length", "")
    if told.isdecimal() and int(told) > most_bytes:
        raise _too_large(int(told), most_bytes)
    parts, size = [], 0
    try:
        async for part in request.stream():
            size += len(part)
            if size > most_bytes:
                raise _too_large(size, most_bytes)
            parts.append(part)
    except ClientDisconnect:
        raise Problem(400, "the connection closed before the body was whole", field="body") from None
    return b"".join(parts)


def parse(adapter: TypeAdapter[T], body: bytes) -> T:
    """Return a JSON body as what the route expects; the problem names the field, what came and what was expected."""
    try:
        return adapter.validate_json(body)
    except ValidationError as error:
        first, *others = error.errors(include_url=False, include_context=False)
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "json_invalid":
            raise Problem(400, f"the body is no JSON: {first['msg']}", field="body") from None
        more = f" ({len(others)} more)" if others else ""
        raise Problem(422, f"{place or 'the body'}: {first['msg']}{more}", field=place or "body") from None


def _too_large(size: int, most_bytes: int) -> Problem:
    return Problem(413, f"the body has {size:,} bytes or more; {most_bytes:,} are taken", field="body")
