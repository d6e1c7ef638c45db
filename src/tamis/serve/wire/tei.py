"""The format of text-embeddings-inference: `inputs` in, the scores of all labels out, and what is said stands first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, field_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamis.core import Prediction
from tamis.serve.asked import Asked
from tamis.serve.body import parse
from tamis.serve.request_id import request_id
from tamis.serve.server import Server
from tamis.serve.wire.described import MAYBE_NUMBER, MAYBE_TEXT, TEXT, YES_OR_NO, listed, record


class TeiBody(BaseModel):
    """A text or a list of them."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"inputs": "a tender film"}, {"inputs": ["a tender film", "loud"]}]},
    )

    inputs: str | list[str | list[str]]
    """A text, which gets a list of scores; or a list of texts, or of lists of one text, which gets a list for each."""
    raw_scores: bool = False
    """Show what the model computed, before calibration, instead of probabilities."""
    truncate: bool | None = None
    """False refuses a text of which the model would read a part only."""

    @field_validator("inputs", mode="before")
    @classmethod
    def _texts(cls, given: Any) -> Any:
        if isinstance(given, str):
            return given
        if not isinstance(given, list):
            raise ValueError("expected a text or a list of texts")
        for number, each in enumerate(given):
            texts = each if isinstance(each, list) else [each]
            if len(texts) != 1:
                raise ValueError(f"number {number + 1} is a list of {len(texts)}; a model reads one text at a time")
            if not isinstance(texts[0], str):
                raise ValueError(f"number {number + 1} is no text")
        return given


_BODY = TypeAdapter(TeiBody)
_ELEMENTS = listed(
    record(
        *("label", "score", "chosen"),
        label={**MAYBE_TEXT, "description": "Null, in the first element, where the model keeps silent."},
        score=MAYBE_NUMBER,
        chosen=YES_OR_NO,
        reason={**TEXT, "description": "In the first element, where it is not `confident`."},
    )
)
ANSWER = {"anyOf": [_ELEMENTS, listed(_ELEMENTS)]}


async def answer(server: Server, request: Request, body: bytes) -> Response:
    """Return the answer to the body of a request."""
    told = parse(_BODY, body)
    inputs = [told.inputs] if isinstance(told.inputs, str) else told.inputs
    answered = await server.answering.answer(
        Asked(
            texts=[each if isinstance(each, str) else each[0] for each in inputs],
            request_id=request_id(request),
            whole=told.truncate is False,
        )
    )
    shown = [
        _elements(prediction, own.raw_scores if told.raw_scores else prediction.scores)
        for prediction, own in zip(answered.predictions, answered.own, strict=True)
    ]
    return JSONResponse(shown[0] if isinstance(told.inputs, str) else shown)


def _elements(prediction: Prediction, scores: Mapping[str, float]) -> list[dict[str, object]]:
    """The labels with their scores, what is said before all others; a silence stands in its place with its reason."""
    said = prediction.label
    chosen = (said,) if isinstance(said, str) else said or ()
    others = [label for label in scores if label not in chosen]
    elements: list[dict[str, object]] = [
        {"label": label, "score": scores.get(label), "chosen": label in chosen}
        for some in (chosen, others)
        for label in sorted(some, key=lambda label: -scores.get(label, 0.0))
    ]
    if said is None:
        elements.insert(0, {"label": None, "score": elements[0]["score"], "chosen": True})
    if prediction.reason != "confident":
        elements[0]["reason"] = prediction.reason
    return elements
