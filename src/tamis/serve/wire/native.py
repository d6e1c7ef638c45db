"""Tamis's own format: one text or many, and `Prediction` objects back."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from starlette.requests import Request
from starlette.responses import Response

from tamis.core import Prediction
from tamis.serve.asked import Answered, Asked
from tamis.serve.body import parse
from tamis.serve.request_id import request_id
from tamis.serve.server import Server


class PredictBody(BaseModel):
    """A text or several, and how they are to be answered."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"text": "a tender film"}, {"texts": ["a tender film", "loud"], "top_k": 2}]},
    )

    text: str | None = None
    """One text."""
    texts: list[str | None] | None = None
    """Several texts; null is an empty one."""
    ids: list[str] | None = None
    """Your own names of the texts; without them the request's id names them."""
    model: str | None = None
    """The name under which the model is served; without one, the first."""
    version: str | None = None
    """One version of it; without one, the version that the traffic goes to."""
    key: str | None = None
    """What always gets the same version while two share the traffic, such as a user's id."""
    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Keep silent below this score. It can make the model's own rule stricter, not looser."""
    top_k: Annotated[int, Field(ge=1)] | None = None
    """Show the highest scores, so many."""
    scores: bool = False
    """Show the scores of all labels."""
    metadata: dict[str, Any] = {}
    """Your own words about the request; they are kept with the answer."""
    deadline_seconds: Annotated[float, Field(gt=0)] | None = None
    """Answer with 504 instead when the text waited for so long."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        given = self.model_fields_set & {"text", "texts"}
        if len(given) != 1 or ("texts" in given and self.texts is None):
            raise ValueError("give `text` or `texts`")
        return self


_BODY = TypeAdapter(PredictBody)
PREDICTION: dict[str, Any] = {
    "type": "object",
    "required": ["id", "reason", "score", "model"],
    "properties": {
        "id": {"type": "string", "description": "Yours, or one by which the answer can be found again."},
        "label": {
            "type": ["string", "null"],
            "description": "What the text is; null where the model keeps silent.",
        },
        "labels": {
            "type": ["array", "null"],
            "items": {"type": "string"},
            "description": "In place of `label` where a text may have several.",
        },
        "score": {"type": ["number", "null"], "description": "How sure it is."},
        "scores": {
            "type": "object",
            "additionalProperties": {"type": "number"},
            "description": "By label, when asked for with `scores` or `top_k`.",
        },
        "reason": {"type": "string", "description": "`confident`, or why there is no label."},
        "model": {"type": "string", "description": "The model's own name."},
        "fallback": {"type": "object", "description": "Who answered in the model's place, and what itself said."},
    },
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["request_id", "model", "version", "predictions"],
    "properties": {
        "request_id": {"type": "string", "description": "The same as the header X-Request-ID."},
        "model": {"type": "string", "description": "The name under which the model is served."},
        "version": {"type": "string", "description": "Which version of it answered."},
        "predictions": {"type": "array", "items": PREDICTION},
    },
}
EXAMPLE = {
    "request_id": "19a8f3c2b41-5e6f7a8b9c0d1e2f",
    "model": "reviews-linear-1",
    "version": "9e0f985d6b21",
    "predictions": [
        {"id": "order-7", "label": "good", "score": 0.93, "reason": "confident", "model": "reviews-linear-1.5acb"}
    ],
}


async def answer(server: Server, request: Request, body: bytes) -> Response:
    """Return the answer to the body of a request."""
    told = parse(_BODY, body)
    answered = await server.answering.answer(
        Asked(
            texts=[told.text] if told.texts is None else told.texts,
            request_id=request_id(request),
            ids=told.ids,
            model=told.model,
            version=told.version,
            key=told.key,
            threshold=told.threshold,
            deadline_seconds=told.deadline_seconds,
            metadata=told.metadata,
        )
    )
    return Response(
        json.dumps(_shown(answered, scores=told.scores, top_k=told.top_k), ensure_ascii=False),
        media_type="application/json",
    )


def _shown(answered: Answered, *, scores: bool, top_k: int | None) -> dict[str, object]:
    predictions = []
    for number, each in enumerate(answered.predictions):
        shown = _prediction(each, scores=scores, top_k=top_k)
        if number in answered.fallbacks:
            stepped = answered.fallbacks[number]
            shown["fallback"] = {
                "by": stepped.by,
                "instead_of": _prediction(stepped.instead_of, scores=scores, top_k=top_k),
            }
        predictions.append(shown)
    return {
        "request_id": answered.request_id,
        "model": answered.route,
        "version": answered.version,
        "predictions": predictions,
    }


def _prediction(prediction: Prediction, *, scores: bool, top_k: int | None) -> dict[str, Any]:
    shown = prediction.to_dict()
    if top_k is not None:
        best = sorted(prediction.scores.items(), key=lambda score: -score[1])[:top_k]
        shown["scores"] = dict(best)
    elif not scores:
        del shown["scores"]
    return shown
