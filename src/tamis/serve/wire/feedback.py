"""Feedback: `POST /feedback` keeps the labels that come later, under the ids of the predictions that they are about."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Annotated, Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from starlette.requests import Request
from starlette.responses import Response

from tamis.core import did_you_mean
from tamis.serve.body import parse, read_body
from tamis.serve.capture import FEEDBACK, Event
from tamis.serve.fleet import Fleet
from tamis.serve.problem import Problem
from tamis.serve.request_id import request_id
from tamis.serve.server import Server


class FeedbackBody(BaseModel):
    """What was true of one text, as one came to know later."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"id": "order-7", "label": "spam", "source": "desk:jane"}]},
    )

    id: Annotated[str, Field(min_length=1)]
    """The id of the prediction."""
    label: str | None = None
    """The true label."""
    labels: list[str] | None = None
    """All true labels, where a text may have several; maybe none."""
    source: Annotated[str, Field(min_length=1)]
    """Who or what says so."""
    model: str | None = None
    """The name under which the model is served; without one, the label may be of any model here."""
    metadata: dict[str, Any] = {}
    """Your own words about it; they are kept too."""

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if (self.label is None) == (self.labels is None):
            raise ValueError("give `label` or `labels`")
        return self


_ONE = TypeAdapter(FeedbackBody)
_MANY = TypeAdapter(list[FeedbackBody])


def routes(server: Server) -> APIRouter:
    """Return the route."""
    router = APIRouter(tags=["feedback"])
    one = FeedbackBody.model_json_schema()
    schema = {"oneOf": [one, {"type": "array", "items": one}]}

    @router.post(
        "/feedback",
        summary="Tell which labels were right",
        openapi_extra={"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}},
        responses=server.problems(400, 404, 409, 413, 422, 503),
    )
    async def feedback(request: Request) -> Response:
        """Keep a label, or a list of them; they are on the disk before the answer comes.

        Whether there is such a prediction is not asked: it may be in the log of another server, or long archived.
        """
        body = await read_body(request, most_bytes=server.settings.max_body_bytes)
        many = body.lstrip()[:1] == b"["
        told = parse(_MANY, body) if many else [parse(_ONE, body)]
        name = request_id(request)
        await keep_feedback(server, told, request_id=name, many=many)
        return Response(json.dumps({"request_id": name, "kept": len(told)}), media_type="application/json")

    return router


async def keep_feedback(server: Server, told: Sequence[FeedbackBody], *, request_id: str, many: bool = False) -> None:
    """Return when the labels are on the disk; a problem where one is none of the model's, or where nothing is kept."""
    capture = server.answering.capture
    if capture is None:
        raise Problem(409, "nothing is kept here, for serve.capture is false", field="body")
    for number, each in enumerate(told):
        _check(server.answering.fleet, each, place=f"{number}." if many else "")
    now = time.time()
    await capture.keep(lambda: [_event(each, request_id=request_id, at=now) for each in told])


def _check(fleet: Fleet, told: FeedbackBody, *, place: str) -> None:
    """Raise a problem unless a model that is served could have said this."""
    names = [told.model] if told.model else list(fleet.routes)
    classifiers = [served.classifier for name in names for served, _ in fleet.route(name).shares]
    several = told.labels is not None
    known = dict.fromkeys(label for each in classifiers if each.several == several for label in each.labels)
    if not known:
        given, wanted = ("labels", "label") if several else ("label", "labels")
        why = "one label" if several else "several labels"
        raise Problem(422, f"a text has {why} here: give `{wanted}` instead of `{given}`", field=f"{place}{given}")
    for number, label in enumerate(told.labels if told.labels is not None else [told.label or ""]):
        if label not in known:
            raise Problem(
                422,
                f"no label {label!r}. Labels: {', '.join(known)}.{did_you_mean(label, known)}",
                field=f"{place}labels.{number}" if several else f"{place}label",
            )


def _event(told: FeedbackBody, *, request_id: str, at: float) -> Event:
    return {
        "kind": FEEDBACK,
        "id": told.id,
        "time": at,
        "request_id": request_id,
        "route": told.model,
        **({"label": told.label} if told.labels is None else {"labels": told.labels}),
        "source": told.source,
        "metadata": told.metadata,
    }
