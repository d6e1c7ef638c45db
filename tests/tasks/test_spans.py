"""Spans: characters to tags on tokens, and back."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.core import DataError, LabelSet, UsageError
from tamis.tasks import MASKED, Span, Spans, from_iob, to_iob

LABELS = LabelSet(["Chemical", "Disease"])


@st.composite
def texts_with_spans(draw):
    """Tokens with gaps between them, and spans that begin and end at their borders."""
    tokens, place = [], 0
    for gap, length in draw(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 5)), min_size=1, max_size=12)):
        tokens.append((place + gap, place + gap + length))
        place += gap + length
    cuts = sorted(draw(st.sets(st.integers(0, len(tokens)))))
    spans = []
    for first, after in itertools.pairwise(cuts):
        if draw(st.booleans()):
            spans.append(Span(tokens[first][0], tokens[after - 1][1], draw(st.sampled_from(LABELS.names))))
    return [(0, 0), *tokens, (0, 0)], tuple(spans)


@given(st.lists(texts_with_spans(), max_size=4))
def test_spans_at_token_borders_come_back(rows):
    task = Spans(LABELS)
    offsets, spans = [row[0] for row in rows], [row[1] for row in rows]
    codes = task.encode(spans, offsets=offsets)
    assert task.decode(codes, offsets=offsets) == spans
    assert task.problems(spans, offsets) == []
    if len(rows):
        assert (codes[:, 0] == MASKED).all()


@given(
    texts_with_spans(),
    st.lists(st.builds(Span, st.integers(0, 70), st.integers(0, 70), st.sampled_from(LABELS.names)), max_size=8),
)
def test_any_spans_become_sound_tags_or_are_reported(text, spans):
    offsets, _ = text
    tagging = to_iob(spans, offsets)
    back = from_iob(tagging.tags, offsets)
    left_out = [problem for problem in tagging.problems if problem.kind != "off_border"]
    assert len(back) + len(left_out) == len(spans)
    untouched = [span for span in spans if span not in [problem.span for problem in tagging.problems]]
    assert set(untouched) <= set(back)
    assert all(one.end <= other.start for one, other in itertools.pairwise(back))


def test_what_tags_cannot_say_is_reported():
    tokens = [(0, 5), (6, 9), (10, 14)]
    spans = [Span(0, 9, "Chemical"), Span(6, 9, "Disease"), Span(11, 14, "Disease"), Span(5, 6, "Disease")]
    tagging = to_iob([*spans, Span(3, 3, "Disease")], tokens)
    assert tagging.tags == ["B-Chemical", "I-Chemical", "B-Disease"]
    assert {problem.kind: problem.message for problem in tagging.problems} == {
        "overlap": "characters 6-9 (Disease) overlap a longer span and are left out",
        "off_border": "characters 11-14 (Disease) do not end where tokens do: taken as 10-14",
        "no_token": "characters 5-6 (Disease) touch no token and are left out",
        "empty": "characters 3-3 (Disease) hold no character and are left out",
    }


def test_an_inside_tag_without_a_beginning_begins_a_span():
    offsets = [(0, 1), (2, 3), (4, 5)]
    assert from_iob(["I-X", "I-X", "I-Y"], offsets) == (Span(0, 3, "X"), Span(4, 5, "Y"))
    assert from_iob(["B-X", "O", "I-X"], offsets) == (Span(0, 1, "X"), Span(4, 5, "X"))


def test_rows_without_label_and_padding_are_masked():
    codes = Spans(LABELS).encode([None, [Span(0, 1, "Disease")]], offsets=[[(0, 1), (1, 2)], [(0, 1)]])
    assert codes.tolist() == [[MASKED, MASKED], [3, MASKED]]
    assert Spans(LABELS).decode(codes, offsets=[[(0, 1), (1, 2)], [(0, 1)]]) == [None, (Span(0, 1, "Disease"),)]


def test_wrong_use_is_told():
    with pytest.raises(UsageError, match="pass offsets="):
        Spans(LABELS).encode([[]])
    with pytest.raises(UsageError, match="offsets for 2 rows came with 1 rows"):
        Spans(LABELS).decode(np.zeros((1, 1), np.int64), offsets=[[], []])
    with pytest.raises(DataError, match=r"no label 'Drug'"):
        Spans(LABELS).encode([[Span(0, 1, "Drug")]], offsets=[[(0, 1)]])
    with pytest.raises(DataError, match="not a list of spans"):
        Spans(LABELS).encode([["Drug"]], offsets=[[(0, 1)]])
