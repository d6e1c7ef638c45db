"""The request's id: the caller's `X-Request-ID`, or a new one; it names the answer, the event and the log line."""

from __future__ import annotations

import re
import secrets
import time

from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "x-request-id"
_FINE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:\-]{0,99}")


def request_id(connection: HTTPConnection) -> str:
    """Return the id of a request that passed `RequestIds`."""
    name: str = connection.scope["tamis.request_id"]
    return name


def new_id() -> str:
    """Return an id that sorts by time and that nobody guesses."""
    return f"{time.time_ns() // 1_000_000:011x}-{secrets.token_hex(8)}"


class RequestIds:
    """ASGI: gives each request its id, and each answer the header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, with its id in the scope."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == HEADER.encode()), "")
        name = given if _FINE.fullmatch(given) else new_id()
        scope["tamis.request_id"] = name

        async def send_named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (HEADER.encode(), name.encode())]
            await send(message)

        await self._app(scope, receive, send_named)
