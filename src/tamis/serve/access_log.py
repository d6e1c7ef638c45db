"""Access log: one JSON line a request, without the texts unless the policy says so."""

from __future__ import annotations

import json
import logging
import re
import time
from collections import Counter
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamis.serve.asked import Answered, Asked
from tamis.serve.capture import TextPolicy, shown_text
from tamis.serve.keys import OPEN_PATHS
from tamis.serve.metrics import route_of

FIELDS = "fields"
"""The name under which a log record carries what a line has beside its message."""
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}.*")
_told: ContextVar[dict[str, Any] | None] = ContextVar("told", default=None)

_encode = json.JSONEncoder(ensure_ascii=False, default=str).encode
_log = logging.getLogger(__name__)


def note(asked: Asked, answered: Answered, *, policy: TextPolicy) -> None:
    """Let the line of the request under way tell what was asked and said."""
    told = _told.get()
    if told is None:
        return
    silent = Counter(each.reason for each in answered.predictions if each.label is None)
    told |= {"model": answered.route, "version": answered.version, "texts": len(answered.predictions)}
    if silent:
        told["silent"] = dict(silent)
    if answered.fallbacks:
        told["fallbacks"] = len(answered.fallbacks)
    if policy != "none":
        told["text"] = [shown_text(text, policy) for text in asked.texts]
        told["label"] = [each.label for each in answered.predictions]


class AccessLog:
    """ASGI: writes a line when a request has its answer; of health checks only for debugging."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tell of it."""
        level = logging.DEBUG if scope.get("path") in OPEN_PATHS else logging.INFO
        if scope["type"] != "http" or not _log.isEnabledFor(level):
            await self._app(scope, receive, send)
            return
        start = time.perf_counter()
        told: dict[str, Any] = {}
        status = size = 0
        # the context of a keep-alive connection may be that of the request before
        token = _told.set(told)

        async def send_noted(message: Message) -> None:
            nonlocal status, size
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                size += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            _told.reset(token)
            fields = {
                "request_id": scope["tamis.request_id"],
                "method": scope["method"],
                "path": scope["path"],
                "route": route_of(scope),
                "status": status,
                "seconds": round(time.perf_counter() - start, 6),
                "bytes": size,
                "client": (scope["client"] or ("",))[0],
                **({"key": scope["tamis.key"]} if "tamis.key" in scope else {}),
                **({"trace_id": trace} if (trace := _trace_id(scope)) else {}),
                **told,
            }
            _log.log(level, "request", extra={FIELDS: fields})


class JsonLines(logging.Formatter):
    """Formats every record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, FIELDS, {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _encode(line)


def _trace_id(scope: Scope) -> str:
    """The id of the trace that the request belongs to, whoever began it."""
    if "tamis.trace_id" in scope:
        return str(scope["tamis.trace_id"])
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    found = _TRACEPARENT.fullmatch(given)
    return found[1].decode() if found else ""
