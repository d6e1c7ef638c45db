"""App: the HTTP application: all wire formats over one server, and what every request passes first."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamis import __version__
from tamis.serve import docs_page, request_id
from tamis.serve.access_log import AccessLog
from tamis.serve.keys import OPEN_PATHS, KeyGuard, Keys
from tamis.serve.metrics import RequestTimes
from tamis.serve.problem import Problem
from tamis.serve.rates import RateGuard, Rates
from tamis.serve.request_id import RequestIds
from tamis.serve.server import Server
from tamis.serve.traces import RequestSpans
from tamis.serve.wire import (
    admin,
    feedback,
    health,
    invocations,
    label_studio,
    metrics,
    mlflow,
    open_inference,
    predict,
    vertex,
)

FORMATS = (predict, open_inference, invocations, mlflow, vertex, label_studio, feedback, health, metrics, admin)

_log = logging.getLogger(__name__)


def build_app(server: Server) -> FastAPI:
    """Return the application of a server; its life begins and ends the server's."""

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await server.start()
        yield
        await server.stop()

    settings = server.settings
    app = FastAPI(
        title="Tamis",
        summary="A text classifier that says when it does not know.",
        version=__version__,
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    for wire in FORMATS:
        app.include_router(wire.routes(server))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _invalid)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(docs_page.PAGE, headers=docs_page.HEADERS)

    _tell_of_guards(app, server)
    # what is added last is passed first
    app.add_middleware(Unforeseen)
    if settings.requests_per_minute:
        app.add_middleware(RateGuard, rates=Rates(settings.requests_per_minute))
    if settings.keys_file is not None:
        app.add_middleware(KeyGuard, keys=Keys(settings.keys_file))
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Content-Type", "X-API-Key", request_id.HEADER],
            expose_headers=[request_id.HEADER, "Retry-After"],
        )
    if server.traces is not None:
        app.add_middleware(RequestSpans, traces=server.traces)
    app.add_middleware(RequestTimes, metrics=server.metrics)
    app.add_middleware(AccessLog)
    app.add_middleware(RequestIds)
    return app


class Unforeseen:
    """ASGI: answers 500 for what nobody foresaw, inside of what counts and logs requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_noted(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except asyncio.CancelledError:  # it took longer than a server that stops may wait
            if started:
                raise
            late = Problem(503, "the server stopped before it could answer", headers={"Retry-After": "1"})
            await late.response()(scope, receive, send)
        except Exception:
            if started:
                raise
            _log.exception("%s %s failed", scope["method"], scope["path"])
            await Problem(500, "this is the server's mistake; its log has the details").response()(scope, receive, send)


def _tell_of_guards(app: FastAPI, server: Server) -> None:
    """Let the documentation say where a key is needed, and what else may be answered before a route is reached."""
    plain = app.openapi
    keys = server.settings.keys_file is not None
    statuses = [*([401] if keys else []), *([429] if server.settings.requests_per_minute else [])]

    def openapi() -> dict[str, Any]:
        schema = plain()
        if keys:
            bearer = {"type": "http", "scheme": "bearer", "description": "Or send it as X-API-Key."}
            schema.setdefault("components", {}).setdefault("securitySchemes", {})["key"] = bearer
        problems = {str(status): told for status, told in server.problems(*statuses).items()}
        for path, operations in schema["paths"].items():
            for operation in operations.values():
                if path not in OPEN_PATHS:
                    operation["responses"] |= problems
                if keys:
                    operation["security"] = [] if path in OPEN_PATHS else [{"key": []}]
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: f"there is no {request.url.path} here; /docs shows what there is", 405: f"not by {request.method}"}
    return Problem(error.status_code, known.get(error.status_code, error.detail), headers=error.headers).response()


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(map(str, first["loc"]))
    return Problem(422, f"{place}: {first['msg']}", field=place).response()
