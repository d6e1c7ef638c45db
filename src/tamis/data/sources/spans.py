"""Spans of exports: brings the ways in which labelling tools write them to the one that datasets keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Found = dict[str, Any]


def checked_span(text: str, start: object, end: object, label: object, *, quoted: str | None = None) -> Found:
    """Return a span of `text`, or raise ValueError with the reason why it is none.

    `quoted` is what the tool says stands there. Tools that run in a browser count an emoji as two letters; where the
    quoted text shows it, their offsets are turned into those of letters.

    >>> checked_span("🙂 Aspirin", 3, 10, "Drug", quoted="Aspirin")
    {'start': 2, 'end': 9, 'label': 'Drug'}
    """
    if not isinstance(start, int) or not isinstance(end, int) or not isinstance(label, str):
        raise ValueError(f"a span needs start, end and label, not {start!r}, {end!r}, {label!r}")
    if quoted is not None and text[start:end] != quoted:
        units = text.encode("utf-16-le")
        before, inside = units[: 2 * start], units[2 * start : 2 * end]
        if inside.decode("utf-16-le", "replace") == quoted:
            start = len(before.decode("utf-16-le", "replace"))
            end = start + len(quoted)
    if not 0 <= start < end <= len(text):
        raise ValueError(f"the span {start}-{end} ({label}) lies outside of its text of {len(text)} letters")
    if quoted is not None and text[start:end].split() != quoted.split():
        raise ValueError(f"the span {start}-{end} ({label}) is {text[start:end]!r} here, but {quoted!r} in the export")
    return {"start": start, "end": end, "label": label}


def sorted_spans(spans: Sequence[Mapping[str, Any]]) -> list[Found]:
    """Return spans in the order of the text."""
    return sorted((dict(span) for span in spans), key=lambda span: (span["start"], span["end"], span["label"]))
