"""doccano: its JSONL exports, for classification (`label: [..]`) and for spans (`[[0, 7, "Drug"]]` or `entities`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tamis.core import LabelForm, Schema
from tamis.data.sources.annotations import AnnotationFormat
from tamis.data.sources.files import Files
from tamis.data.sources.json_rows import JsonFormat, layout_of
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Source
from tamis.data.sources.spans import checked_span, sorted_spans

_TEXTS = ("text", "data")  # `data` in versions before 1.6
_LABELS = ("entities", "label", "labels", "cats")


def read_doccano(inputs: list[Input], options: SourceOptions) -> Source:
    """Return the reader of doccano's exports; the records tell whether they hold classes or spans.

    Classes are one label a row as long as no row has two, else a list.
    """
    export = _Doccano()
    records = JsonFormat("doccano", options, {each.uri: layout_of(each) for each in inputs}, export.rows)
    return Files(inputs, AnnotationFormat(export, records))


@dataclass
class _Doccano:
    kind: str = "doccano"
    several: set[str] = field(default_factory=set)

    def rows(self, record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Return the one row of a record."""
        text_key = next((key for key in _TEXTS if isinstance(record.get(key), str)), None)
        if text_key is None:
            raise ValueError("no text: a record of doccano has a 'text'")
        label_key = next((key for key in _LABELS if record.get(key) is not None), None)
        rest = {key: value for key, value in record.items() if key not in (text_key, label_key)}
        label = self._label(record[text_key], record[label_key]) if label_key else None
        return [{"text": record[text_key], "label": label, **rest}]

    def roles(self, columns: list[str], labels: Mapping[str, LabelForm]) -> Schema:
        """Return the roles: doccano names its columns itself."""
        identity = "id" if "id" in columns else None
        return Schema(text=("text",), label=("label",), label_form=labels["label"], id=identity)

    def again(self) -> None:
        """Nothing is remembered of rows."""

    def _label(self, text: str, label: object) -> object:
        if not isinstance(label, list):
            return [str(label)]
        if label and isinstance(label[0], dict):
            return sorted_spans(
                [checked_span(text, one.get("start_offset"), one.get("end_offset"), one.get("label")) for one in label]
            )
        if label and isinstance(label[0], list):
            if any(len(one) != 3 for one in label):
                raise ValueError(f"a span reads [start, end, name], not {label[0]!r}")
            return sorted_spans([checked_span(text, *one) for one in label])
        if len(label) > 1:
            self.several.add("label")
        return [str(name) for name in label]
