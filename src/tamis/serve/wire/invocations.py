"""Invocations: the one route `POST /invocations`, of SageMaker and of MLflow, and the `/ping` of both."""

from __future__ import annotations

from email.message import Message
from typing import Any

from fastapi import APIRouter
from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from tamis.serve.body import read_body
from tamis.serve.problem import Problem
from tamis.serve.server import Server
from tamis.serve.wire import mlflow, sagemaker
from tamis.serve.wire.described import answer_body, request_body


def routes(server: Server) -> APIRouter:
    """Return the routes."""
    router = APIRouter(tags=["SageMaker and MLflow"])

    @router.get(
        "/ping",
        summary="The models are loaded and warm",
        responses=server.problems(503),
        response_class=PlainTextResponse,
    )
    async def ping() -> str:
        """Answer 200 once every model is loaded and warm."""
        server.check_ready()
        return "\n"

    @router.post(
        "/invocations",
        summary="Say which labels texts have, as SageMaker and MLflow ask",
        openapi_extra=request_body(
            sagemaker.Features,
            sagemaker.FeatureRows,
            mlflow.MlflowBody,
            others={
                sagemaker.JSON_LINES: {"schema": {"type": "string"}, "example": '{"features": ["loud"]}\n'},
                sagemaker.CSV: {"schema": {"type": "string"}, "example": '"a tender film"\nloud\n'},
            },
        ),
        responses=answer_body(
            *sagemaker.ANSWERS,
            mlflow.ANSWER,
            others={kind: {"schema": {"type": "string"}} for kind in (sagemaker.JSON_LINES, sagemaker.CSV)},
        )
        | server.problems(400, 406, 413, 415, 422, 429, 503, 504),
    )
    async def invocations(request: Request) -> Response:
        """Answer rows with `features` (SageMaker) with `predicted_label` and `probability`, frames (MLflow) with
        `predictions`; a label is null where the model keeps silent.
        """
        content, header = _content(request)
        body = await read_body(request, most_bytes=server.settings.max_body_bytes)
        told = _told(body) if content == sagemaker.JSON else {}
        if content == sagemaker.JSON and not sagemaker.speaks(told):
            return await mlflow.answer(server, request, body)
        several = "instances" in told
        return await sagemaker.answer(server, request, body, content=content, several=several, header=header)

    return router


def _content(request: Request) -> tuple[str, bool]:
    """The content type, and whether the first line of a table is its header."""
    message = Message()
    message["content-type"] = request.headers.get("content-type", sagemaker.JSON)
    content, charset = message.get_content_type(), message.get_content_charset("utf-8")
    if content not in sagemaker.TYPES or charset not in ("utf-8", "utf8", "us-ascii"):
        came, known = message["content-type"], ", ".join(sagemaker.TYPES)
        raise Problem(415, f"content-type: {came}; expected one of {known}, in UTF-8", field="content-type")
    return content, message.get_param("header") == "present"


def _told(body: bytes) -> dict[str, Any]:
    try:
        told = from_json(body)
    except ValueError:  # the format tells what is wrong
        return {}
    return told if isinstance(told, dict) else {}
