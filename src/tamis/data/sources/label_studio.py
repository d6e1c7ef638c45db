"""Label Studio: its JSON, JSON-MIN and CSV exports, one row an annotation."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tamis.core import DataError, LabelForm, Schema
from tamis.data.sources.annotations import AnnotationFormat
from tamis.data.sources.files import Files
from tamis.data.sources.json_rows import JsonFormat, layout_of
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Source
from tamis.data.sources.spans import checked_span, sorted_spans

# what an annotation's result holds under its type's name
_CLASSES = ("choices", "taxonomy", "pairwise")
_SPANS = ("labels", "hypertextlabels")
_NUMBERS = ("rating", "number")
_ADMINISTRATION = frozenset(
    {"id", "annotation_id", "annotator", "completed_by", "created_at", "updated_at", "lead_time", "agreement"}
)


def read_label_studio(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of Label Studio's exports.

    Each annotation is a row with its annotator; annotations of one task share their `task`, which is the group, so that
    no split tears them apart. A task without annotations, or with skipped ones only, is one row without label.
    """
    export = _LabelStudio()
    if all(each.suffix == ".csv" for each in inputs):
        return Files(inputs, AnnotationFormat(export, JsonFormat("label-studio", options, {}, export.rows, _table)))
    records = JsonFormat("label-studio", options, {each.uri: layout_of(each) for each in inputs}, export.rows)
    return Files(inputs, AnnotationFormat(export, records))


@dataclass
class _LabelStudio:
    kind: str = "label-studio"
    several: set[str] = field(default_factory=set)
    _texts: dict[str, int] = field(default_factory=dict)
    """The letters seen under each key of the tasks' data."""
    _controls: dict[str, None] = field(default_factory=dict)
    """The names of what annotators filled in, in their first order."""
    _tasks: set[str] = field(default_factory=set)
    _span_controls: set[str] = field(default_factory=set)
    _shared: bool = False
    """Whether any task has several annotations."""

    def rows(self, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return a row for each annotation of a task."""
        data = record.get("data")
        if isinstance(data, dict):
            return self._of_task(record, data)
        return [self._of_flat(record)]

    def roles(self, columns: list[str], labels: Mapping[str, LabelForm]) -> Schema:
        """Return the roles; of several controls the one with classes is the label, else the one with spans."""
        order = [name for name in labels if name in self._controls]
        texts = [name for name in self._texts if name in columns]
        if not texts:
            raise DataError("no text in these tasks", hint="Tamis reads tasks with a text, not images or sound")
        text = "text" if "text" in texts else max(texts, key=lambda name: self._texts[name])
        return Schema(
            text=(text,),
            label=tuple(order[:1]),
            label_form=labels[order[0]] if order else "value",
            id="id",
            group="task" if self._shared else None,
            annotator="annotator" if "annotator" in columns else None,
        )

    def again(self) -> None:
        """Forget which tasks were seen."""
        self._tasks = set()

    def _of_task(self, record: Mapping[str, Any], data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        annotations = record.get("annotations", record.get("completions")) or []
        if not isinstance(annotations, list):
            raise ValueError("the annotations of a task are a list")
        done = [one for one in annotations if isinstance(one, dict) and not one.get("was_cancelled")]
        self._saw(data)
        rows = []
        for annotation in done or [{}]:
            made = self._controls_of(annotation["result"] or [], data) if "result" in annotation else {}
            about = {
                "annotator": _person(annotation.get("completed_by")),
                "annotated": annotation.get("updated_at") or annotation.get("created_at"),
                "lead_time": annotation.get("lead_time"),
            }
            rows.append(self._row(record.get("id"), annotation.get("id"), data, made, about))
        return rows

    def _of_flat(self, record: Mapping[str, Any]) -> Mapping[str, Any]:
        """A row of JSON-MIN or CSV, where the task's data and the controls stand side by side."""
        filled = _control_keys(record)
        data = {key: value for key, value in record.items() if key not in (*filled, *_ADMINISTRATION)}
        self._saw(data)
        made: dict[str, Any] = {}
        for key in filled:
            value = record[key]
            if isinstance(value, dict):
                value = [str(name) for kind in _CLASSES for name in _flat(value.get(kind) or [])] or json.dumps(value)
            elif isinstance(value, list) and value and isinstance(value[0], dict):
                value = self._flat_control(value, data)
            elif isinstance(value, str):
                value = [value] if value else None
            made[key] = value
        self._note(made)
        about = {
            "annotator": _person(record.get("annotator", record.get("completed_by"))),
            "annotated": record.get("updated_at") or record.get("created_at"),
            "lead_time": record.get("lead_time"),
        }
        return self._row(record.get("id"), record.get("annotation_id"), data, made, about)

    def _flat_control(self, values: list[dict[str, Any]], data: Mapping[str, Any]) -> Any:
        number = next((one[kind] for one in values for kind in _NUMBERS if kind in one), None)
        if number is not None:
            return number
        return sorted_spans([span for one in values for span in _spans_in(one, data)])

    def _controls_of(self, results: list[Mapping[str, Any]], data: Mapping[str, Any]) -> dict[str, Any]:
        """What one annotation says, by the names of its controls."""
        made: dict[str, Any] = {}
        for result in results:
            kind, name, value = result.get("type"), result.get("from_name"), result.get("value")
            if not isinstance(name, str) or not isinstance(value, dict):  # a relation between two spans
                continue
            if kind in _SPANS:
                made.setdefault(name, []).extend(_spans_in(value, data))
            elif kind in _CLASSES:
                made.setdefault(name, []).extend(str(one) for one in _flat(value.get(str(kind)) or []))
            elif kind in _NUMBERS:
                made[name] = value.get(str(kind))
            elif kind == "textarea":
                made[name] = "\n".join(map(str, _flat(value.get("text") or [])))
            else:
                made[name] = json.dumps(value, ensure_ascii=False)
        for name, value in made.items():
            if isinstance(value, list) and value and isinstance(value[0], dict):
                made[name] = sorted_spans(value)
        self._note(made)
        # who marked nothing said that there is nothing, which is a label too
        return {**{name: [] for name in self._span_controls}, **made}

    def _note(self, made: Mapping[str, Any]) -> None:
        self._controls.update(dict.fromkeys(made))
        self.several |= {name for name, value in made.items() if _has_several_classes(value)}
        self._span_controls |= {name for name, value in made.items() if _has_spans(value)}

    def _saw(self, data: Mapping[str, Any]) -> None:
        for key, value in data.items():
            if isinstance(value, str):
                self._texts[key] = self._texts.get(key, 0) + len(value)

    def _row(
        self,
        task: object,
        annotation: object,
        data: Mapping[str, Any],
        made: Mapping[str, Any],
        about: Mapping[str, Any],
    ) -> Mapping[str, Any]:
        named = str(task) if task is not None else str(annotation)
        first = named not in self._tasks
        self._tasks.add(named)
        self._shared |= not first
        taken = {"id", "task", *made, *about}
        rest = {f"data.{key}" if key in taken else key: value for key, value in data.items()}
        return {"id": named if first else f"{named}-{annotation}", "task": named, **rest, **made, **about}


def _control_keys(record: Mapping[str, Any]) -> list[str]:
    """The keys that annotators filled in: they stand between the task's id and the annotator."""
    keys = list(record)
    start = keys.index("id") + 1 if "id" in keys else 0
    end = keys.index("annotator") if "annotator" in keys else len(keys)
    if start > 1:
        return [key for key in keys[start:end] if key not in _ADMINISTRATION]
    # exports that begin with the id do not say where the data ends: the text is data, the rest was filled in
    between = [key for key in keys[start:end] if key not in _ADMINISTRATION]
    text = "text" if "text" in between else max(between, key=lambda key: len(str(record[key])), default="")
    return [key for key in between if key != text]


def _spans_in(value: Mapping[str, Any], data: Mapping[str, Any]) -> list[dict[str, Any]]:
    quoted = value.get("text") if isinstance(value.get("text"), str) else None
    where = value.get("globalOffsets") if isinstance(value.get("globalOffsets"), dict) else value
    assert isinstance(where, dict)
    names: list[object] = next((value[kind] for kind in _SPANS if isinstance(value.get(kind), list)), [])
    texts = [text for text in data.values() if isinstance(text, str)]
    # a task may hold other texts beside the one that was annotated
    text = next((text for text in texts if quoted and quoted in text), max(texts, key=len, default=""))
    return [checked_span(text, where.get("start"), where.get("end"), name, quoted=quoted) for name in names]


def _flat(values: object) -> list[object]:
    """Choices are a list of names; those of a taxonomy are lists of steps down a tree, kept as `a / b`."""
    found = values if isinstance(values, list) else [values]
    return [" / ".join(map(str, one)) if isinstance(one, list) else one for one in found]


def _person(given: object) -> str | None:
    if isinstance(given, dict):
        return str(given.get("email") or given.get("id"))
    return None if given is None else str(given)


def _has_several_classes(value: object) -> bool:
    return isinstance(value, list) and len(value) > 1 and isinstance(value[0], str)


def _has_spans(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _table(each: Input) -> Iterator[tuple[object, str, int]]:
    """The records of a CSV export, in whose cells lists stand as JSON."""
    with each.open() as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as text:
        for row in csv.DictReader(text):
            record = {key: _cell(value) for key, value in row.items() if key is not None}
            yield record, ",".join(map(str, row.values())), stream.consumed


def _cell(value: str | None) -> object:
    if not value:
        return None
    if value[0] in "[{":
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return value
