"""Whatever is sent to any format, the answer is an answer or a problem, never a mistake of the server's."""

from __future__ import annotations

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import ONE

PATHS = (
    "/predict",
    f"/v2/models/{ONE}/infer",
    "/invocations",
    f"/v1/models/{ONE}:predict",
    "/label-studio/predict",
    "/label-studio/setup",
    "/label-studio/webhook",
)
KEYS = st.sampled_from(
    [
        *("text", "texts", "inputs", "raw_scores", "truncate", "features", "instances", "data", "parameters", "name"),
        *("dataframe_split", "columns", "dataframe_records", "datatype", "shape", "outputs", "binary_data_size"),
        *("tasks", "label_config", "id", "schema", "action", "project", "task", "annotation", "result", "value"),
    ]
)
WORDS = st.sampled_from(["text", "BYTES", "choices", "ANNOTATION_CREATED", '<View><Text name="t"/></View>', "<" * 50])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
BODIES = st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode())
CONTENTS = st.sampled_from(
    ["application/json", "application/jsonlines", "text/csv", "text/csv; header=present", "x", ""]
)
LENGTHS = st.none() | st.integers(-1, 70).map(str) | st.just("²")


def assert_fine(answer):
    if answer.status_code != 200:
        assert 400 <= answer.status_code < 500, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"]


@pytest.mark.parametrize("path", PATHS)
@given(body=BODIES, content=CONTENTS, length=LENGTHS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_body_gets_an_answer_or_a_problem(serving, path, body, content, length):
    headers = {"content_type": content} | ({"inference_header_content_length": length} if length else {})
    answer = serving.post(path, body, **{name: value.encode() for name, value in headers.items()})
    assert_fine(answer)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("depth", [300, 40_000])
def test_deep_nests_are_no_trouble(serving, path, depth):
    for opened, closed in (("[", "]"), ('{"inputs":', "}"), ('{"tasks":', "}")):
        nested = opened * (depth // len(opened)) + "1" + closed * (depth // len(opened))
        assert_fine(serving.post(path, nested.encode()))


def test_a_deep_configuration_gets_a_problem(serving):
    xml = "<a>" * 12_000 + "</a>" * 12_000
    assert serving.refused("/label-studio/setup", {"schema": xml})["status"] == 422


@pytest.mark.parametrize("path", PATHS)
def test_a_large_body_is_refused(serving, path):
    assert serving.refused(path, b'{"text": "' + b"x" * 100_000 + b'"}')["status"] == 413
