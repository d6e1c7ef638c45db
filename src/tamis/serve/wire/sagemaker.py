"""The format of SageMaker's containers: `features` in JSON, JSON lines or CSV; `predicted_label`, `probability` out."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamis.core import Prediction, Schema
from tamis.serve.asked import Asked
from tamis.serve.body import parse
from tamis.serve.problem import Problem
from tamis.serve.request_id import request_id
from tamis.serve.server import Server
from tamis.serve.wire.described import MAYBE_NUMBER, MAYBE_TEXT, TEXT, listed, record
from tamis.serve.wire.rows import schema_of, text_of

JSON, JSON_LINES, CSV = "application/json", "application/jsonlines", "text/csv"
TYPES = (JSON, JSON_LINES, CSV)


class Features(BaseModel):
    """One row: the values of the columns that the model learned from, in their order; mostly one text."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"features": ["a tender film"]}]})

    features: list[str | None]


class FeatureRows(BaseModel):
    """Several rows in one JSON object."""

    model_config = ConfigDict(extra="forbid")

    instances: list[Features]


_ROW = record(
    *("predicted_label", "probability"),
    predicted_label={"anyOf": [MAYBE_TEXT, listed(TEXT)], "description": "Null where the model keeps silent."},
    probability=MAYBE_NUMBER,
    reason={**TEXT, "description": "Where it is not `confident`."},
)
ANSWERS = (_ROW, record("predictions", predictions=listed(_ROW)))
_ONE, _SEVERAL = TypeAdapter(Features), TypeAdapter(FeatureRows)


def speaks(told: Mapping[str, Any]) -> bool:
    """Return whether a JSON body is of this format: it has `features`, or the first of its `instances` has.

    >>> speaks({"features": ["loud"]}), speaks({"instances": ["loud"]})
    (True, False)
    """
    instances = told.get("instances")
    first = instances[0] if isinstance(instances, list) and instances else None
    return "features" in told or (isinstance(first, dict) and "features" in first)


async def answer(
    server: Server, request: Request, body: bytes, *, content: str, several: bool = False, header: bool = False
) -> Response:
    """Return the answer to the body of a request of a content type.

    `several`: the JSON has `instances`. `header`: the first line of the CSV names its columns.
    """
    wanted = _wanted(request.headers.get("accept", ""), content)
    schema = schema_of(server)
    if content == CSV:
        texts = _of_csv(body, schema, header=header)
    elif content == JSON_LINES:
        texts = _of_lines(body, schema)
    else:
        rows = parse(_SEVERAL, body).instances if several else [parse(_ONE, body)]
        names = [f"instances.{number}.features" for number in range(len(rows))] if several else ["features"]
        texts = [text_of(row.features, schema, field=name) for row, name in zip(rows, names, strict=True)]
    answered = await server.answering.answer(Asked(texts=texts, request_id=request_id(request)))
    if wanted == CSV:
        return Response(_as_csv(answered.predictions), media_type=CSV)
    shown = [_shown(each) for each in answered.predictions]
    if wanted == JSON_LINES:
        lines = "".join(json.dumps(each, ensure_ascii=False) + "\n" for each in shown)
        return Response(lines, media_type=JSON_LINES)
    return JSONResponse({"predictions": shown} if several or content != JSON else shown[0])


def _wanted(accept: str, content: str) -> str:
    """The content type of the answer: the first that is accepted, or that of the request."""
    told = [each.partition(";")[0].strip().lower() for each in accept.split(",") if each.strip()]
    if not told or "*/*" in told:
        return next((each for each in told if each in TYPES), content)
    for each in told:
        if each in TYPES:
            return each
    raise Problem(406, f"accept: {accept}; an answer is one of {', '.join(TYPES)}", field="accept")


def _of_csv(body: bytes, schema: Schema, *, header: bool) -> list[str | None]:
    text = _decoded(body).rstrip("\r\n")
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # else a long text is an error
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True)) if text else []
    except csv.Error as error:
        raise Problem(422, f"the body is no CSV: {error}", field="body") from None
    names = rows.pop(0) if header and rows else None
    texts = []
    for number, row in enumerate(rows, 1):
        values: Any = row or [""]  # an empty line is an empty text
        if names is not None and len(names) > 1:
            if len(row) != len(names):
                raise Problem(422, f"row {number}: {len(row)} values for {len(names)} columns", field="body")
            values = dict(zip(names, row, strict=True))
        texts.append(text_of(values, schema, field=f"row {number}"))
    return texts


def _of_lines(body: bytes, schema: Schema) -> list[str | None]:
    texts = []
    for number, line in enumerate(body.rstrip(b"\r\n").split(b"\n") if body.strip() else [], 1):
        try:
            row = parse(_ONE, line)
        except Problem as problem:
            raise Problem(problem.status, f"line {number}: {problem.detail}", field=f"line {number}") from None
        texts.append(text_of(row.features, schema, field=f"line {number}"))
    return texts


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(400, f"the body is no UTF-8: {error.reason} at byte {error.start}", field="body") from None


def _shown(prediction: Prediction) -> dict[str, object]:
    shown: dict[str, object] = {"predicted_label": prediction.label, "probability": prediction.score}
    if prediction.reason != "confident":
        shown["reason"] = prediction.reason
    return shown


def _as_csv(predictions: Sequence[Prediction]) -> str:
    """Lines of label, probability and reason; several labels are a JSON list, and a silence is empty."""
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    for each in predictions:
        said = json.dumps(each.label, ensure_ascii=False) if isinstance(each.label, tuple) else each.label
        writer.writerow([said, each.score, each.reason])
    return lines.getvalue()
