"""Sniff: what a file of text is by its first lines, where its name says only half of it."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tamis.core import DataError
from tamis.data.sources.encoding import utf8_stream
from tamis.data.sources.json_elements import records
from tamis.data.sources.lines import encoding_of
from tamis.data.sources.location import Input

_LOOKED_AT_BYTES = 1 << 16
_TAGGED = re.compile(r"\S+(?:[\t ]\S+)*[\t ](?:O|[BIESLU]-\S+)")


def more_exact_kind(each: Input, kind: str) -> str:
    """Return the kind of a file whose name says `kind`: a .tsv may be CoNLL, a .json an export of Label Studio.

    Only what can hardly be anything else is taken for it.
    """
    return _LOOK[kind](each) or kind if kind in _LOOK else kind


def _look_at_json(each: Input) -> str | None:
    try:
        first = next((value for value, _, _ in records(each, None)), None)
    except DataError:  # its reader will say what is wrong
        return None
    return _tool_of(first) if isinstance(first, dict) else None


def _look_at_json_lines(each: Input) -> str | None:
    line = next((line for line in _first_lines(each) if line.strip()), "")
    try:
        first = json.loads(line)
    except ValueError:
        return None
    return _tool_of(first) if isinstance(first, dict) else None


def _tool_of(record: Mapping[str, Any]) -> str | None:
    if isinstance(record.get("data"), dict) and isinstance(record.get("annotations", record.get("completions")), list):
        return "label-studio"
    if {"annotation_id", "annotator", "lead_time"} <= record.keys():
        return "label-studio"
    if isinstance(record.get("text", record.get("data")), str):
        entities, label = record.get("entities"), record.get("label", record.get("labels"))
        if isinstance(entities, list) and (not entities or _has(entities[0], "start_offset", "end_offset")):
            return "doccano" if entities or "relations" in record else None
        if isinstance(label, list) and label and all(_is_triple(one) for one in label):
            return "doccano"
    return None


def _look_at_text(each: Input) -> str | None:
    lines = [line for line in _first_lines(each) if line.strip()]
    return "fasttext" if sum(line.startswith("__label__") for line in lines) > len(lines) / 2 else None


def _look_at_table(each: Input) -> str | None:
    lines = _first_lines(each)
    filled = [line for line in lines if line.strip()]
    tagged = sum(_TAGGED.fullmatch(line) is not None for line in filled)
    several = len(filled) < len(lines)  # empty lines stand between sentences
    return "conll" if len(filled) >= 10 and several and tagged >= 0.95 * len(filled) else None


def _first_lines(each: Input) -> list[str]:
    with each.open() as stream:
        try:
            source = utf8_stream(stream, encoding_of(stream, each.uri, asked=None), name=each.uri)
        except DataError:
            return []
        start = source.read(_LOOKED_AT_BYTES)
    lines = io.StringIO(start.decode(errors="replace")).read().splitlines()
    return lines[:-1] if len(start) == _LOOKED_AT_BYTES else lines


def _has(value: object, *keys: str) -> bool:
    return isinstance(value, dict) and all(key in value for key in keys)


def _is_triple(value: object) -> bool:
    return isinstance(value, list) and [type(part) for part in value] == [int, int, str]


_LOOK: dict[str, Callable[[Input], str | None]] = {
    "json": _look_at_json,
    "jsonl": _look_at_json_lines,
    "text": _look_at_text,
    "tsv": _look_at_table,
}
