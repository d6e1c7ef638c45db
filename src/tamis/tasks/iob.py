"""IOB2: spans of characters as tags on tokens, and tags on tokens as spans of characters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from tamis.tasks.task import Offsets


class Span(NamedTuple):
    """A piece of a text with a label; `end` is exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class SpanProblem:
    """A span that tags on tokens cannot say as it is, and what was done about it."""

    row: int
    span: Span
    kind: str
    """empty, no_token, overlap or off_border."""
    message: str


@dataclass(frozen=True)
class Tagging:
    """The tags of one text's tokens, and what was lost on the way."""

    tags: list[str]
    problems: list[SpanProblem]


def to_iob(spans: Iterable[Span], offsets: Offsets, *, row: int = 0) -> Tagging:
    """Return one tag a token: `B-x` where a span begins, `I-x` inside it, `O` elsewhere.

    A span whose ends are not borders of tokens grows to the whole tokens it touches. Of spans that overlap the longest
    stays, of equal ones the first. Everything of the kind is reported.

    >>> tagging = to_iob([Span(0, 8, "X"), Span(5, 8, "Y")], [(0, 4), (5, 8)])
    >>> tagging.tags, tagging.problems[0].message
    (['B-X', 'I-X'], 'characters 5-8 (Y) overlap a longer span and are left out')
    """
    places = [(start, end, token) for token, (start, end) in enumerate(offsets) if end > start]
    starts, ends = [place[0] for place in places], [place[1] for place in places]
    tags = ["O"] * len(offsets)
    problems = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        first, last = bisect_right(ends, span.start), bisect_left(starts, span.end) - 1
        kind = said = ""
        if span.end <= span.start:
            kind, said = "empty", "hold no character and are left out"
        elif first > last:
            kind, said = "no_token", "touch no token and are left out"
        elif any(tags[token] != "O" for _, _, token in places[first : last + 1]):
            kind, said = "overlap", "overlap a longer span and are left out"
        else:
            for place in range(first, last + 1):
                tags[places[place][2]] = f"{'I' if place > first else 'B'}-{span.label}"
            if (starts[first], ends[last]) != (span.start, span.end):
                kind = "off_border"
                said = f"do not end where tokens do: taken as {starts[first]}-{ends[last]}"
        if kind:
            text = f"characters {span.start}-{span.end} ({span.label}) {said}"
            problems.append(SpanProblem(row=row, span=span, kind=kind, message=text))
    return Tagging(tags, problems)


def from_iob(tags: Sequence[str], offsets: Offsets) -> tuple[Span, ...]:
    """Return the spans that tags say; an `I-x` that follows nothing of its kind begins a span of its own.

    >>> from_iob(["O", "B-X", "I-X", "I-Y"], [(0, 1), (2, 4), (5, 6), (7, 9)])
    (Span(start=2, end=6, label='X'), Span(start=7, end=9, label='Y'))
    """
    spans: list[Span] = []
    going = ""  # the label of the span that the token before belongs to
    for tag, (start, end) in zip(tags, offsets, strict=True):
        if end <= start:  # special tokens stand inside no text
            continue
        where, _, label = tag.partition("-")
        if where == "I" and label == going:
            spans[-1] = spans[-1]._replace(end=end)
        elif where in ("B", "I"):
            spans.append(Span(start, end, label))
        going = label
    return tuple(spans)
