"""The Open Inference Protocol, version 2: tensors in, tensors out, as JSON or with binary data behind it."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tamis import __version__
from tamis.serve.asked import Answered, Asked
from tamis.serve.body import parse, read_body
from tamis.serve.problem import Problem
from tamis.serve.request_id import request_id
from tamis.serve.served import Served
from tamis.serve.server import Server
from tamis.serve.wire.described import TEXT, answer_body, listed, record, request_body

INPUT = "text"
HEADER_LENGTH = "inference-header-content-length"
"""How much of a body is JSON; tensors follow as bytes, in their order."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class InputParameters(_Part):
    """Where the data of an input is."""

    binary_data_size: Annotated[int, Field(ge=0)] | None = None
    """So many bytes behind the JSON."""
    content_type: Literal["str"] | None = None
    """What clients of MLServer say of texts."""


class InputTensor(_Part):
    """Texts."""

    name: str
    """`text`, or what you call it: there is only one."""
    datatype: str
    """`BYTES`."""
    shape: list[Annotated[int, Field(ge=0)]]
    """How many there are: `[n]` or `[n, 1]`."""
    parameters: InputParameters = InputParameters()
    data: list[Any] | None = None
    """The texts, flat or nested as the shape says."""


class OutputParameters(_Part):
    """How an output is to be sent."""

    binary_data: bool | None = None
    """As bytes behind the JSON."""


class WantedTensor(_Part):
    """An output that is wanted."""

    name: str
    """`label`, `score`, `scores`, `classes` or `reason`."""
    parameters: OutputParameters = OutputParameters()


class InferParameters(_Part):
    """How the texts are to be answered."""

    threshold: Annotated[float, Field(ge=0, le=1)] | None = None
    """Keep silent below this score. It can make the model's own rule stricter, not looser."""
    timeout: Annotated[int, Field(gt=0)] | None = None
    """Answer with 504 after so many microseconds in the queue."""
    binary_data_output: bool = False
    """Send all outputs as bytes behind the JSON."""
    content_type: Literal["str"] | None = None
    """What clients of MLServer say of texts."""


class InferBody(_Part):
    """One request."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["a tender film", "loud"]}]}
            ]
        }
    )

    id: str | None = None
    """Comes back with the answer."""
    inputs: list[InputTensor]
    outputs: list[WantedTensor] | None = None
    """Without them, all."""
    parameters: InferParameters = InferParameters()


_BODY = TypeAdapter(InferBody)
_BINARY = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
_ANSWER = record(
    *("model_name", "model_version", "outputs"),
    id=TEXT,
    model_name=TEXT,
    model_version=TEXT,
    outputs=listed(
        record(
            *("name", "datatype", "shape"),
            name=TEXT,
            datatype=TEXT,
            shape=listed({"type": "integer"}),
            data=listed({"type": ["string", "number"]}),
            parameters={"type": "object"},
        )
    ),
)


@dataclass(frozen=True)
class _Tensor:
    name: str
    datatype: str
    shape: Sequence[int]
    values: Sequence[Any]

    def as_json(self, size: int | None) -> dict[str, object]:
        """What JSON says of it; with a size, its data is behind."""
        data = {"data": self.values} if size is None else {"parameters": {"binary_data_size": size}}
        return {"name": self.name, "datatype": self.datatype, "shape": self.shape, **data}

    def as_bytes(self) -> bytes:
        if self.datatype == "FP32":
            return np.asarray(self.values, "<f4").tobytes()
        encoded = [value.encode() for value in self.values]
        return b"".join(struct.pack("<I", len(each)) + each for each in encoded)


class _Route(APIRoute):
    """A route whose problems also have `error`, which is what clients of the protocol show."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def told(request: Request) -> Response:
            try:
                return await handle(request)
            except Problem as problem:
                problem.more["error"] = problem.detail
                raise

        return told


def routes(server: Server) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/v2", tags=["Open Inference Protocol"], route_class=_Route)
    about_infer: dict[str, Any] = {
        "summary": "Say which labels texts have, as the Open Inference Protocol asks",
        "openapi_extra": request_body(InferBody, others=_BINARY),
        "responses": answer_body(_ANSWER, others=_BINARY) | server.problems(400, 404, 413, 422, 429, 503, 504),
    }

    @router.get("", summary="Which server this is")
    async def describe() -> dict[str, object]:
        """Tell the server's name, version, and what it can besides."""
        return {"name": "tamis", "version": __version__, "extensions": ["binary_tensor_data"]}

    @router.get("/health/live", summary="The process is alive")
    async def live() -> dict[str, bool]:
        """Answer as long as the event loop runs."""
        return {"live": True}

    @router.get("/health/ready", summary="The models are loaded and warm", responses=server.problems(503))
    async def ready() -> dict[str, bool]:
        """Answer 200 once every model is loaded and warm."""
        server.check_ready()
        return {"ready": True}

    @router.get("/models/{model}", summary="What a model reads and says", responses=server.problems(404, 503))
    async def about_model(model: str) -> dict[str, object]:
        """Tell a model's inputs and outputs, and which versions of it are served."""
        return _about(model, server.answering.fleet.route(model).served)

    @router.get(
        "/models/{model}/versions/{version}",
        summary="What a version of a model reads and says",
        responses=server.problems(404, 503),
    )
    async def about_version(model: str, version: str) -> dict[str, object]:
        """Tell the inputs and outputs of one version."""
        return _about(model, [server.answering.fleet.version(model, version)])

    @router.get("/models/{model}/ready", summary="A model is ready", responses=server.problems(404, 503))
    async def model_ready(model: str) -> dict[str, object]:
        """Answer 200 when the model is loaded and warm."""
        server.answering.fleet.route(model)
        return {"name": model, "ready": True}

    @router.get(
        "/models/{model}/versions/{version}/ready",
        summary="A version of a model is ready",
        responses=server.problems(404, 503),
    )
    async def version_ready(model: str, version: str) -> dict[str, object]:
        """Answer 200 when the version is loaded and warm."""
        server.answering.fleet.version(model, version)
        return {"name": model, "ready": True}

    @router.post("/models/{model}/infer", **about_infer)
    async def infer(model: str, request: Request) -> Response:
        """Answer each text with a label, which is empty where the model keeps silent, and the reason."""
        return await _infer(server, request, model, None)

    @router.post("/models/{model}/versions/{version}/infer", **about_infer)
    async def infer_version(model: str, version: str, request: Request) -> Response:
        """Answer with one version of the model."""
        return await _infer(server, request, model, version)

    return router


def _about(name: str, served: Sequence[Served]) -> dict[str, object]:
    classes = len(served[0].classifier.labels)
    shapes = {"label": [-1], "score": [-1], "scores": [-1, classes], "classes": [classes], "reason": [-1]}
    return {
        "name": name,
        "versions": [each.version for each in served],
        "platform": f"tamis_{served[0].classifier.engine}",
        "inputs": [{"name": INPUT, "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {"name": name, "datatype": "FP32" if name in ("score", "scores") else "BYTES", "shape": shape}
            for name, shape in shapes.items()
        ],
    }


async def _infer(server: Server, request: Request, model: str, version: str | None) -> Response:
    body = await read_body(request, most_bytes=server.settings.max_body_bytes)
    told, binary = _parts(body, request.headers.get(HEADER_LENGTH))
    answered = await server.answering.answer(
        Asked(
            texts=_texts(told, binary),
            request_id=request_id(request),
            model=model,
            version=version,
            threshold=told.parameters.threshold,
            deadline_seconds=told.parameters.timeout / 1e6 if told.parameters.timeout else None,
        )
    )
    return _response(told, answered)


def _parts(body: bytes, header_length: str | None) -> tuple[InferBody, bytes]:
    if header_length is None:
        return parse(_BODY, body), b""
    if not header_length.isdecimal() or int(header_length) > len(body):
        raise Problem(400, f"{HEADER_LENGTH}: {header_length}; the body has {len(body):,} bytes", field=HEADER_LENGTH)
    length = int(header_length)
    return parse(_BODY, body[:length]), body[length:]


def _texts(told: InferBody, binary: bytes) -> list[str]:
    if len(told.inputs) != 1 or told.inputs[0].datatype != "BYTES":
        came = ", ".join(f"{each.name} {each.datatype}" for each in told.inputs) or "none"
        raise Problem(422, f"inputs: {came}; expected one, of datatype BYTES", field="inputs")
    tensor = told.inputs[0]
    size = tensor.parameters.binary_data_size
    if (tensor.data is None) == (size is None) or len(binary) != (size or 0):
        raise Problem(
            422,
            f"inputs.0: expected `data`, or as many bytes behind the JSON as `binary_data_size` says; {len(binary):,} "
            f"came, and it says {size}",
            field="inputs.0",
        )
    texts = _from_bytes(binary) if tensor.data is None else _flat(tensor.data)
    if len(texts) != math.prod(tensor.shape) or not tensor.shape:
        raise Problem(422, f"inputs.0: {len(texts)} texts, but the shape {tensor.shape}", field="inputs.0.shape")
    return texts


def _from_bytes(binary: bytes) -> list[str]:
    """Texts, each with its length in 4 bytes before it."""
    texts: list[str] = []
    place = 0
    while place < len(binary):
        head = binary[place : place + 4]
        end = place + 4 + (struct.unpack("<I", head)[0] if len(head) == 4 else len(binary))
        if end > len(binary):
            raise Problem(422, f"text {len(texts) + 1} is longer than the bytes that came", field="inputs.0")
        try:
            texts.append(binary[place + 4 : end].decode())
        except UnicodeDecodeError as error:
            raise Problem(422, f"text {len(texts) + 1} is no UTF-8: {error.reason}", field="inputs.0") from None
        place = end
    return texts


def _flat(data: Sequence[Any]) -> list[str]:
    texts: list[str] = []
    for each in data:
        inner = each if isinstance(each, list) else [each]
        if not all(isinstance(text, str) for text in inner):
            raise Problem(422, f"inputs.0: number {len(texts) + 1} is no text", field="inputs.0.data")
        texts += inner
    return texts


def _response(told: InferBody, answered: Answered) -> Response:
    tensors = {each.name: each for each in _tensors(answered)}
    wanted = told.outputs or [WantedTensor(name=name) for name in tensors]
    outputs, behind = [], []
    for number, each in enumerate(wanted):
        if each.name not in tensors:
            known = ", ".join(tensors)
            raise Problem(422, f"no output {each.name!r}. Outputs: {known}.", field=f"outputs.{number}.name")
        told_binary = each.parameters.binary_data
        size = None
        if told.parameters.binary_data_output if told_binary is None else told_binary:
            behind.append(tensors[each.name].as_bytes())
            size = len(behind[-1])
        outputs.append(tensors[each.name].as_json(size))
    shown = {"model_name": answered.route, "model_version": answered.version, "outputs": outputs}
    if told.id is not None:
        shown["id"] = told.id
    if not behind:
        return JSONResponse(shown)
    head = json.dumps(shown, ensure_ascii=False).encode()
    return Response(
        b"".join([head, *behind]),
        headers={HEADER_LENGTH: str(len(head))},
        media_type="application/octet-stream",
    )


def _tensors(answered: Answered) -> list[_Tensor]:
    """All outputs. A tensor holds no null, so that a silence is the empty label; several labels are a JSON list."""
    predictions, rows = answered.predictions, len(answered.predictions)
    scores = [each.prediction.scores for each in answered.own]  # a fallback may know other labels
    classes = list(scores[0]) if scores else []
    said = [json.dumps(e.label, ensure_ascii=False) if isinstance(e.label, tuple) else e.label for e in predictions]
    return [
        _Tensor("label", "BYTES", [rows], [label or "" for label in said]),
        _Tensor("score", "FP32", [rows], [each.score for each in predictions]),
        _Tensor("scores", "FP32", [rows, len(classes)], [each[name] for each in scores for name in classes]),
        _Tensor("classes", "BYTES", [len(classes)], classes),
        _Tensor("reason", "BYTES", [rows], [each.reason for each in predictions]),
    ]
