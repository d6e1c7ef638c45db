"""Predict: the one route `POST /predict`; the keys of the body say which of two formats it speaks."""

from __future__ import annotations

from collections.abc import Collection

from fastapi import APIRouter
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from tamis.serve.body import read_body
from tamis.serve.server import Server
from tamis.serve.wire import native, tei
from tamis.serve.wire.described import answer_body, request_body


def routes(server: Server) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["predict"])

    @router.post(
        "/predict",
        summary="Say which labels texts have",
        openapi_extra=request_body(native.PredictBody, tei.TeiBody),
        responses=answer_body(native.ANSWER, tei.ANSWER, example=native.EXAMPLE)
        | server.problems(400, 404, 413, 422, 429, 503, 504),
    )
    async def predict(request: Request) -> Response:
        """Answer each text with a label, or with null and the reason.

        A body with `text` or `texts` gets Tamis's own answer, one with `inputs` that of text-embeddings-inference.
        """
        body = await read_body(request, most_bytes=server.settings.max_body_bytes)
        answer = tei.answer if "inputs" in _keys(body) else native.answer
        return await answer(server, request, body)

    return router


def _keys(body: bytes) -> Collection[str]:
    try:
        told = from_json(body)
    except ValueError:  # the format tells what is wrong
        return ()
    return told if isinstance(told, dict) else ()
