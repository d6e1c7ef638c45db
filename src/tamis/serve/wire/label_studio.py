"""Label Studio's machine learning backend, under `/label-studio`: tasks in, choices out, labels of people kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from starlette.requests import Request
from starlette.responses import JSONResponse

from tamis.core import Prediction, Schema
from tamis.serve.asked import Asked
from tamis.serve.body import parse, read_body
from tamis.serve.problem import Problem
from tamis.serve.request_id import request_id
from tamis.serve.server import Server
from tamis.serve.wire.described import MAYBE_NUMBER, TEXT, answer_body, listed, record, request_body
from tamis.serve.wire.feedback import FeedbackBody, keep_feedback
from tamis.serve.wire.rows import schema_of, text_of

SOURCE = "label-studio"
"""Who says so, in the labels that are kept."""
_TEXT_TAGS = ("Text", "HyperText")
_ANNOTATED = ("ANNOTATION_CREATED", "ANNOTATION_UPDATED")


class Task(BaseModel):
    """One task of a project."""

    id: int | str | None = None
    data: dict[str, Any]


class TasksBody(BaseModel):
    """What Label Studio sends for predictions; it may send more, which says nothing of texts."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "tasks": [{"id": 7, "data": {"review": "a tender film"}}],
                    "label_config": '<View><Text name="t" value="$review"/><Choices name="c" toName="t"/></View>',
                }
            ]
        }
    )

    tasks: list[Task]
    label_config: str
    project: str | int | None = None


class SetupBody(BaseModel):
    """What Label Studio sends when it is connected, and whenever it asks for the version."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"schema": "<View>…</View>"}]})

    label_config: str = Field("", alias="schema")


class Chosen(BaseModel):
    """The choices of a region; a region of another kind has none."""

    choices: list[str] = []


class Region(BaseModel):
    """One part of an annotation."""

    type: str = ""
    from_name: str = ""
    value: Chosen = Chosen()


class Annotation(BaseModel):
    """What somebody said of a task."""

    result: list[Region] = []
    was_cancelled: bool = False


class WebhookTask(BaseModel):
    """The task of an annotation."""

    id: int | str


class WebhookBody(BaseModel):
    """What Label Studio tells: an annotation that was made or changed, or something else."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "action": "ANNOTATION_CREATED",
                    "project": {"id": 3},
                    "task": {"id": 7},
                    "annotation": {"result": [{"type": "choices", "value": {"choices": ["good"]}}]},
                }
            ]
        }
    )

    action: str
    project: Any = None
    task: WebhookTask | None = None
    annotation: Annotation | None = None


@dataclass(frozen=True)
class Config:
    """The part of a labelling configuration that a text classifier fills."""

    choices_name: str
    text_name: str
    column: str
    """The name of the text in the data of a task."""
    values: frozenset[str]
    """The choices; none where they stand in the tasks."""

    @classmethod
    def read(cls, xml: str) -> Config:
        """Return what a configuration says of its first choices about a text.

        >>> Config.read('<View><Text name="t" value="$review"/><Choices name="c" toName="t"/></View>').column
        'review'
        """
        if "<!" in xml.replace("<!--", ""):  # entities could grow without bound
            raise Problem(422, "label_config: it declares something (`<!`); expected tags only", field="label_config")
        try:
            root = ElementTree.fromstring(xml)
        except (ElementTree.ParseError, ValueError) as error:
            raise Problem(422, f"label_config: it is no XML: {error}", field="label_config") from None
        texts = {tag.get("name"): tag.get("value", "") for name in _TEXT_TAGS for tag in root.iter(name)}
        for tag in root.iter("Choices"):
            name, about = tag.get("name"), tag.get("toName")
            if name and about in texts and about:
                values = frozenset(choice.get("alias") or choice.get("value") or "" for choice in tag.iter("Choice"))
                return cls(name, about, texts[about].removeprefix("$"), values)
        raise Problem(422, "label_config: expected a `Choices` about a `Text`", field="label_config")

    def check(self, labels: Sequence[str]) -> None:
        """Raise a problem 422 where the model says labels that nobody could choose."""
        missing = [label for label in labels if label not in self.values]
        if self.values and missing:
            raise Problem(
                422,
                f"label_config: no choice {', '.join(map(repr, missing))} in {self.choices_name!r}",
                field="label_config",
                hint="add a Choice for each label of the model, written as the model has it",
            )

    def text_of(self, task: Task, schema: Schema, number: int) -> str | None:
        """Return the text of a task: what is shown for labelling, or the several columns that the model reads."""
        field = f"tasks.{number}.data"
        if len(schema.text) > 1:
            return text_of(task.data, schema, field=field)
        if self.column not in task.data:
            came = ", ".join(task.data) or "nothing"
            raise Problem(
                422, f"{field}: no {self.column!r}, which the label_config shows. There is {came}.", field=field
            )
        return text_of([task.data[self.column]], schema, field=field)

    def result(self, prediction: Prediction, *, version: str) -> dict[str, object]:
        """Return a prediction as Label Studio has it."""
        said = (prediction.label,) if isinstance(prediction.label, str) else prediction.label
        region = {
            "from_name": self.choices_name,
            "to_name": self.text_name,
            "type": "choices",
            "value": {"choices": list(said or ())},
        }
        return {
            "result": [region] if said else [],
            "score": prediction.score,
            "model_version": version,
            "reason": prediction.reason,
        }


_RESULT = record(
    *("result", "score", "model_version", "reason"),
    result={**listed({"type": "object"}), "description": "Empty where the model keeps silent."},
    score=MAYBE_NUMBER,
    model_version=TEXT,
    reason=TEXT,
)
_ANSWER = record("results", "model_version", results=listed(_RESULT), model_version=TEXT)
_TASKS, _SETUP, _WEBHOOK = TypeAdapter(TasksBody), TypeAdapter(SetupBody), TypeAdapter(WebhookBody)


def routes(server: Server) -> APIRouter:
    """Return the routes."""
    router = APIRouter(prefix="/label-studio", tags=["Label Studio"])
    most = server.settings.max_body_bytes

    @router.get("/health", summary="The models are loaded and warm", responses=server.problems(503))
    async def health() -> dict[str, str]:
        """Answer 200 once every model is loaded and warm."""
        server.check_ready()
        return {"status": "UP", "model_class": "Tamis"}

    @router.post(
        "/setup",
        summary="Which version answers",
        openapi_extra=request_body(SetupBody),
        responses=answer_body(record("model_version", model_version=TEXT)) | server.problems(400, 413, 422, 503),
    )
    async def setup(request: Request) -> JSONResponse:
        """Answer with the version, once the labelling configuration has a choice for each label of the model."""
        told = parse(_SETUP, await read_body(request, most_bytes=most))
        served = server.answering.fleet.route().served[0]
        if told.label_config:
            Config.read(told.label_config).check(served.classifier.labels)
        return JSONResponse({"model_version": served.version})

    @router.post(
        "/predict",
        summary="Choose for tasks",
        openapi_extra=request_body(TasksBody),
        responses=answer_body(_ANSWER) | server.problems(400, 413, 422, 429, 503, 504),
    )
    async def predict(request: Request) -> JSONResponse:
        """Answer each task with a choice; where the model keeps silent the result is empty, with the reason beside."""
        told = parse(_TASKS, await read_body(request, most_bytes=most))
        config = Config.read(told.label_config)
        config.check(server.answering.fleet.route().served[0].classifier.labels)
        schema = schema_of(server)
        ids = [event_id(told.project, task.id) for task in told.tasks]
        answered = await server.answering.answer(
            Asked(
                texts=[config.text_of(task, schema, number) for number, task in enumerate(told.tasks)],
                request_id=request_id(request),
                ids=[name for name in ids if name] if all(ids) else None,
            )
        )
        results = [config.result(each, version=answered.version) for each in answered.predictions]
        return JSONResponse({"results": results, "model_version": answered.version})

    @router.post(
        "/webhook",
        summary="Hear of annotations",
        openapi_extra=request_body(WebhookBody),
        responses=answer_body(record("status", status=TEXT))
        | answer_body(record("status", status=TEXT), status=201)
        | server.problems(400, 404, 409, 413, 422, 503),
    )
    async def webhook(request: Request) -> JSONResponse:
        """Keep the choices of an annotation as the true labels of the task; other news is passed over."""
        told = parse(_WEBHOOK, await read_body(request, most_bytes=most))
        route, fleet = next(iter(server.answering.fleet.routes)), server.answering.fleet
        true = true_labels(told, several=fleet.route(route).served[0].classifier.several, model=route)
        if true is None:
            return JSONResponse({"status": "ignored"})
        await keep_feedback(server, [true], request_id=request_id(request))
        return JSONResponse({"status": "kept"}, 201)

    return router


def true_labels(told: WebhookBody, *, several: bool, model: str) -> FeedbackBody | None:
    """Return what an annotation says is true of its task; None where it says nothing, or nothing that can be kept."""
    done, task = told.annotation, told.task
    name = event_id(told.project, task.id) if task else None
    if told.action not in _ANNOTATED or done is None or done.was_cancelled or name is None:
        return None
    xml = told.project.get("label_config") if isinstance(told.project, dict) else None
    wanted = Config.read(xml).choices_name if isinstance(xml, str) else None
    chosen = [
        choice
        for region in done.result
        if region.type == "choices" and wanted in (None, region.from_name)
        for choice in region.value.choices
    ]
    if several:
        return FeedbackBody(id=name, labels=chosen, source=SOURCE, model=model)
    return FeedbackBody(id=name, label=chosen[0], source=SOURCE, model=model) if len(chosen) == 1 else None


def event_id(project: Any, task: int | str | None) -> str | None:
    """Return the id under which the answer to a task is kept, so that its annotation finds it.

    >>> event_id("3.1700000000", 7), event_id({"id": 3}, 7)
    ('label-studio-3-7', 'label-studio-3-7')
    """
    number = project.get("id") if isinstance(project, dict) else str(project).partition(".")[0]
    return None if task is None or project is None else f"label-studio-{number}-{task}"
