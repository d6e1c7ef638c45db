"""App: the HTTP application: all wire formats over one server, and what every request passes first."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tamis import __version__
from tamis.serve.problem import Problem
from tamis.serve.request_id import RequestIds
from tamis.serve.server import Server
from tamis.serve.wire import health, native

FORMATS = (native, health)

_log = logging.getLogger(__name__)


def build_app(server: Server) -> FastAPI:
    """Return the application of a server; its life begins and ends the server's."""

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        await server.start()
        yield
        await server.stop()

    app = FastAPI(
        title="Tamis",
        summary="A text classifier that says when it does not know.",
        version=__version__,
        lifespan=life,
    )
    for wire in FORMATS:
        app.include_router(wire.routes(server))
    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unforeseen)
    app.add_middleware(RequestIds)
    return app


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = {404: f"there is no {request.url.path} here; /docs shows what there is", 405: f"not by {request.method}"}
    return Problem(error.status_code, known.get(error.status_code, error.detail), headers=error.headers).response()


async def _unforeseen(request: Request, error: Exception) -> Response:
    _log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
    return Problem(500, "this is the server's mistake; its log has the details").response()
