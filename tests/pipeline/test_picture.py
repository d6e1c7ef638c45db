"""The picture of a graph: where boxes stand, what is drawn, and that nothing in a name can break it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.pipeline import Graph, RunState, Step, StepState
from tamis.pipeline.picture import draw_mermaid, draw_svg, nodes_of
from tamis.pipeline.picture.layout import lay_out
from tamis.pipeline.picture.page import Span, _bars

SVG = "{http://www.w3.org/2000/svg}"

GRAPH = Graph(
    name="docs",
    steps=(
        Step(name="split", uses="split"),
        Step(name="train", uses="train", inputs={"dataset": "split.dataset"}, for_each={"seed": [1, 2]}),
        Step(name="score", uses="evaluate", inputs={"run": "train.run", "dataset": "split.dataset"}),
        Step(name="best", uses="best", inputs={"scores": "score.evaluation"}, when="${deploy} and split.rows > 2"),
        Step(name="tell", uses="tell", after=("best",)),
    ),
)


def state(**steps):
    return RunState("run-1", "running", {name: StepState(name=name, **facts) for name, facts in steps.items()})


def test_steps_that_fan_out_stand_side_by_side_and_each_below_its_own():
    fanned = {
        "split": {"status": "finished", "seconds": 2.0},
        **{f"train[seed={n}]": {"status": "running"} for n in (1, 2)},
        **{f"score[seed={n}]": {} for n in (1, 2)},
    }
    nodes = {node.name: node for node in nodes_of(GRAPH, state(**fanned))}
    assert list(nodes) == [
        "split", "train[seed=1]", "train[seed=2]", "score[seed=1]", "score[seed=2]", "best", "tell",
    ]  # fmt: skip
    assert nodes["score[seed=2]"].above == ("train[seed=2]", "split")
    assert nodes["best"].above == ("score[seed=1]", "score[seed=2]", "split")
    assert (nodes["train[seed=1]"].detail, nodes["tell"].status) == ("seed=1", "waiting")


def test_many_are_one_box_that_shows_what_most_needs_to_be_seen():
    fanned = {f"train[seed={n}]": {"status": "finished", "seconds": 1.0} for n in range(8)}
    fanned["train[seed=7]"] = {"status": "failed"}
    node = nodes_of(GRAPH, state(**fanned))[1]
    assert (node.count, node.status, node.why, node.seconds) == (8, "failed", "1 failed, 7 done", 7.0)
    assert "train × 8" in draw_svg([node])


def test_lines_that_others_say_already_are_left_out():
    layout = lay_out({"a": [], "b": ["a"], "c": ["b", "a"], "d": ["a", "c"]})
    assert set(layout.lines) == {("a", "b"), ("b", "c"), ("c", "d")}


def test_boxes_of_a_layer_stand_apart_and_lines_do_not_cross_without_need():
    layout = lay_out({"a": [], "b": [], "c": ["b"], "d": ["a"], "e": ["c", "d"]}, box=(100, 40), gap=(20, 30))
    (a, b, c, d) = (layout.boxes[name][0] for name in "abcd")
    assert abs(a - b) >= 120
    assert (a < b) == (d < c)
    assert layout.boxes["e"][0] == pytest.approx((c + d) / 2)


@st.composite
def graphs(draw):
    size = draw(st.integers(1, 14))
    return {f"s{n}": draw(st.lists(st.sampled_from([f"s{m}" for m in range(n)]))) if n else [] for n in range(size)}


@given(graphs())
def test_any_graph_has_a_layout_in_which_nothing_overlaps_and_all_lines_go_down(above):
    layout = lay_out(above, box=(100, 40), gap=(20, 30))
    assert layout.boxes.keys() == above.keys()
    places = sorted(layout.boxes.values(), key=lambda place: (place[1], place[0]))
    assert all(y != other_y or other_x - x >= 119.8 for (x, y), (other_x, other_y) in pairwise(places))
    for points in layout.lines.values():
        assert all(first[1] < second[1] for first, second in pairwise(points))
    for x, y in layout.boxes.values():
        assert x - 50 >= -0.1
        assert x + 50 <= layout.width + 0.1
        assert y + 20 <= layout.height


@given(st.text(max_size=300), st.text(max_size=300))
def test_no_name_or_reason_breaks_the_picture(name, why):
    step = Step(name="a", uses="x")
    nodes = nodes_of(Graph(name="g", steps=(step,)), state(a={"status": "failed", "why": why}))
    svg = draw_svg(nodes, title=name)
    root = ET.fromstring(svg)
    assert "a" in "".join(root.itertext())
    assert draw_mermaid(nodes).count("\n") == 3


def test_every_state_has_its_own_sign_and_words():
    statuses = ["waiting", "running", "finished", "cached", "skipped", "failed", "cancelled", "interrupted"]
    signs = set()
    for status in statuses:
        node = nodes_of(Graph(name="g", steps=(GRAPH.steps[0],)), state(split={"status": status}))[0]
        group = ET.fromstring(draw_svg([node])).find(f"{SVG}g/{SVG}g")
        assert status in group.get("class")
        sign = group.find(f"{SVG}g")
        signs.add(
            (tuple(sorted(sign[0].attrib)), sign[0].get("stroke-dasharray"), *(path.get("d") for path in sign[1:]))
        )
        assert f":::{status}" in draw_mermaid([node])
    assert len(signs) == len(statuses)  # who does not see colours sees the difference too


def test_mermaid_shows_states_times_and_lines():
    text = draw_mermaid(
        nodes_of(GRAPH, state(split={"status": "finished", "seconds": 74.0}, train={"status": "failed"}))
    )
    assert text.splitlines()[:3] == [
        "flowchart TD",
        '  n1["split<br>done in 1 min 14 s"]:::finished',
        '  n2["train<br>failed"]:::failed',
    ]
    assert "  n1 --> n2" in text.splitlines()


def test_how_long_a_step_took_stands_where_there_is_room():
    spans = [("import", 0, 1), ("train", 1, 99), ("gate", 99, 100)]
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)
    found = [
        Span(step=step, begin=noon + timedelta(seconds=begin), end=noon + timedelta(seconds=end), status="finished")
        for step, begin, end in spans
    ]
    shown = _bars(state(**{step: {"status": "finished"} for step, _, _ in spans}), found)
    assert '<small style="left:1.00%">1.0 s' in shown  # behind its bar
    assert '<small class="in" style="right:1.00%">1 min 38 s' in shown  # in it, for it leaves no room
    assert '<small style="right:1.00%">1.0 s' in shown  # before it
