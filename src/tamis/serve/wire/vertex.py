"""The format of Vertex AI: `instances` and `parameters` in, `predictions` out, one object for each instance."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamis.serve.asked import Asked
from tamis.serve.body import parse, read_body
from tamis.serve.request_id import request_id
from tamis.serve.server import Server
from tamis.serve.wire.described import TEXT, answer_body, listed, record, request_body
from tamis.serve.wire.native import PREDICTION
from tamis.serve.wire.rows import schema_of, text_of


class VertexParameters(BaseModel):
    """How the instances are to be answered."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Keep silent below this score. It can make the model's own rule stricter, not looser."""


class VertexBody(BaseModel):
    """Texts, and how they are to be answered."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"instances": ["a tender film", {"content": "loud"}]}]},
    )

    instances: list[Any]
    """Texts, or objects with `text`, `content` or the columns that the model learned from."""
    parameters: VertexParameters | None = None


_BODY = TypeAdapter(VertexBody)
_ANSWER = record(
    *("predictions", "deployedModelId", "model"),
    predictions=listed(PREDICTION),
    deployedModelId={**TEXT, "description": "The version."},
    model=TEXT,
)


def routes(server: Server) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["Vertex AI"])

    @router.post(
        "/v1/models/{model}:predict",
        summary="Say which labels texts have, as Vertex AI asks",
        openapi_extra=request_body(VertexBody),
        responses=answer_body(_ANSWER) | server.problems(400, 404, 413, 422, 429, 503, 504),
    )
    async def predict(model: str, request: Request) -> Response:
        """Answer each instance with a prediction; its `label` is null where the model keeps silent."""
        told = parse(_BODY, await read_body(request, most_bytes=server.settings.max_body_bytes))
        schema = schema_of(server, model)
        answered = await server.answering.answer(
            Asked(
                texts=[text_of(each, schema, field=f"instances.{n}") for n, each in enumerate(told.instances)],
                request_id=request_id(request),
                model=model,
                threshold=told.parameters.threshold if told.parameters else None,
            )
        )
        return JSONResponse(
            {
                "predictions": [each.to_dict() for each in answered.predictions],
                "deployedModelId": answered.version,
                "model": answered.route,
            }
        )

    return router
