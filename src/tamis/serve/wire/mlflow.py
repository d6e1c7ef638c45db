"""The format of MLflow's scoring server: a frame in, `predictions` out, as an MLflow server of the same model gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tamis import __version__
from tamis.serve.asked import Asked
from tamis.serve.body import parse
from tamis.serve.problem import Problem
from tamis.serve.request_id import request_id
from tamis.serve.server import Server
from tamis.serve.wire.described import listed, record
from tamis.serve.wire.native import PREDICTION
from tamis.serve.wire.rows import schema_of, text_of


class SplitFrame(BaseModel):
    """A table as pandas writes it with `orient="split"`."""

    columns: list[str | int]
    data: list[list[Any]]
    index: list[Any] | None = None


class MlflowParameters(BaseModel):
    """How the rows are to be answered."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Keep silent below this score. It can make the model's own rule stricter, not looser."""


class MlflowBody(BaseModel):
    """A frame in one of four forms."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"examples": [{"inputs": ["a tender film"]}, {"dataframe_records": [{"text": "loud"}]}]},
    )

    dataframe_split: SplitFrame | None = None
    dataframe_records: list[dict[str, Any]] | None = None
    """An object for each row."""
    inputs: Any = None
    """A text, a list of rows, or an object of columns."""
    instances: list[Any] | None = None
    """A list of rows: texts, lists or objects."""
    params: MlflowParameters | None = None

    @model_validator(mode="after")
    def _one_frame(self) -> MlflowBody:
        given = [name for name in FRAMES if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give one of {', '.join(FRAMES)}; or `features`, as SageMaker's clients do")
        return self


FRAMES = ("dataframe_split", "dataframe_records", "inputs", "instances")
_BODY = TypeAdapter(MlflowBody)
ANSWER = record("predictions", predictions=listed(PREDICTION))


def routes(server: Server) -> APIRouter:
    """Return the routes beside `/invocations` and `/ping`."""
    router = APIRouter(tags=["MLflow"])

    @router.get(
        "/health",
        summary="The models are loaded and warm",
        responses=server.problems(503),
        response_class=PlainTextResponse,
    )
    async def health() -> str:
        """Answer 200 once every model is loaded and warm."""
        server.check_ready()
        return "\n"

    @router.get("/version", summary="Tamis's version", response_class=PlainTextResponse)
    async def version() -> str:
        """Answer with the version of Tamis, for no MLflow runs here."""
        return __version__

    return router


async def answer(server: Server, request: Request, body: bytes) -> Response:
    """Return the answer to the body of a request."""
    told = parse(_BODY, body)
    schema = schema_of(server)
    name, rows = _rows(told)
    answered = await server.answering.answer(
        Asked(
            texts=[text_of(row, schema, field=f"{name}.{number}") for number, row in enumerate(rows)],
            request_id=request_id(request),
            threshold=told.params.threshold if told.params else None,
        )
    )
    return JSONResponse({"predictions": [each.to_dict() for each in answered.predictions]})


def _rows(told: MlflowBody) -> tuple[str, Sequence[Any]]:
    if told.dataframe_split is not None:
        return "dataframe_split.data", _split_rows(told.dataframe_split)
    if told.dataframe_records is not None:
        return "dataframe_records", told.dataframe_records
    if told.instances is not None:
        return "instances", told.instances
    if isinstance(told.inputs, dict):
        return "inputs", _column_rows(told.inputs)
    return "inputs", told.inputs if isinstance(told.inputs, list) else [told.inputs]


def _split_rows(frame: SplitFrame) -> list[Any]:
    wrong = next((row for row in frame.data if len(row) != len(frame.columns)), None)
    if wrong is not None:
        field = f"dataframe_split.data.{frame.data.index(wrong)}"
        raise Problem(422, f"{field}: {len(wrong)} values for {len(frame.columns)} columns", field=field)
    if len(frame.columns) == 1:  # whatever it is called, it is the text
        return list(frame.data)
    return [dict(zip(map(str, frame.columns), row, strict=True)) for row in frame.data]


def _column_rows(columns: Mapping[str, Any]) -> list[Any]:
    """Rows of columns; a column that is no list is of one row."""
    lists = {name: values if isinstance(values, list) else [values] for name, values in columns.items()}
    if len({len(values) for values in lists.values()}) > 1:
        lengths = ", ".join(f"{name} {len(values)}" for name, values in lists.items())
        raise Problem(422, f"inputs: columns of unequal length: {lengths}", field="inputs")
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]
