"""The format of SageMaker's containers: a recorded contract, for its client speaks to Amazon's endpoints only."""

from __future__ import annotations

import json
import shutil

import pytest

from tamis.core import Schema
from tamis.models import open_bundle, seal_bundle
from tamis.serve import ServeSettings

from .conftest import ONE, SEVERAL, serve

LINES, CSV = "application/jsonlines", "text/csv"


def test_ping_answers_when_the_models_are_ready(serving):
    assert serving.client.get("/ping").status_code == 200


@pytest.mark.parametrize("end", ["\n", "", "\r\n", "\n\n"])
def test_a_line_of_features_gets_a_line(serving, end):
    lines = '{"features": ["good film"]}\n{"features": ["bad\\n電影"]}' + end
    answer = serving.post("/invocations", lines.encode(), content_type=LINES)
    assert answer.headers["content-type"].startswith(LINES)
    assert answer.text.endswith("\n")
    said = serving.classifiers[ONE].predict(["good film", "bad\n電影"])
    assert [json.loads(line) for line in answer.text.split("\n")[:-1]] == [
        {"predicted_label": each.label, "probability": each.score} for each in said
    ]


def test_a_text_may_be_called_like_a_key(serving):
    for text in ("instances", '{"instances": []}'):
        score = serving.classifiers[ONE].predict([text])[0].score
        assert serving.ask("/invocations", {"features": [text]})["probability"] == score


def test_a_silence_is_null_with_its_reason(serving):
    answer = serving.ask("/invocations", {"features": [""]})
    score = serving.classifiers[ONE].predict([""])[0].score
    assert answer == {"predicted_label": None, "probability": score, "reason": "empty"}
    answer = serving.post("/invocations", b'""\ngood\n', content_type=CSV)
    assert answer.headers["content-type"].startswith(CSV)
    first, second = answer.text.splitlines()
    assert first == f",{score},empty"
    assert second.endswith(",confident")


def test_several_labels_are_a_list(serving_several):
    said = serving_several.classifiers[SEVERAL].predict(["good film"])[0]
    answer = serving_several.ask("/invocations", {"features": ["good film"]})
    assert answer == {"predicted_label": list(said.label), "probability": said.score}
    answer = serving_several.post("/invocations", b"good film", content_type=CSV, accept=CSV)
    assert json.loads(next(iter(answer.text.replace('""', "'").split('"'))) or "[]") == []
    assert str(said.score) in answer.text


def test_the_answer_comes_as_it_is_accepted(serving):
    body = b'"good film"\nbad\n'
    told = serving.ask("/invocations", body, content_type=CSV, accept="application/json")["predictions"]
    lines = serving.post("/invocations", body, content_type=CSV, accept=LINES).text
    assert [json.loads(line) for line in lines.splitlines()] == told
    for accept in ("*/*", "text/html, */*;q=0.1"):
        assert (
            serving.post("/invocations", body, content_type=CSV, accept=accept).headers["content-type"].startswith(CSV)
        )
    answer = serving.ask("/invocations", {"instances": [{"features": ["good film"]}, {"features": ["bad"]}]})
    assert answer["predictions"] == told
    assert serving.refused("/invocations", body, content_type=CSV, accept="text/html")["status"] == 406


def test_an_empty_line_of_a_table_is_an_empty_text_and_a_header_is_told(serving):
    answer = serving.ask("/invocations", b"good\n\nbad\n", content_type=CSV, accept="application/json")
    assert [each.get("reason") for each in answer["predictions"]] == [None, "empty", None]
    for end in (b"", b"\r\n", b"\n\n"):
        assert serving.post("/invocations", b"good" + end, content_type=CSV).text.count("\n") == 1
    told = serving.post("/invocations", b"review\ngood\n", content_type="text/csv; header=present")
    assert told.text == serving.post("/invocations", b"good\n", content_type=CSV).text


def test_long_texts_fit_into_a_table(make_linear):
    with serve({ONE: make_linear()}, ServeSettings(max_text_characters=200_000)) as serving:
        assert serving.post("/invocations", b"good " * 30_000, content_type=CSV).status_code == 200


def test_a_model_of_two_columns_reads_two_features(make_linear, tmp_path):
    plain = make_linear()
    folder = shutil.copytree(plain.path, tmp_path / "two")
    manifest = plain.manifest.model_copy(update={"schema_": Schema(text=("title", "body"), template="{title}: {body}")})
    seal_bundle(folder, manifest.model_copy(update={"files": {}, "seal": ""}))
    with serve({ONE: open_bundle(folder)}, ServeSettings()) as serving:
        score = serving.classifiers[ONE].predict(["good: film"])[0].score
        assert serving.ask("/invocations", {"features": ["good", "film"]})["probability"] == score
        frame = {"dataframe_records": [{"body": "film", "title": "good", "stars": 3}]}
        assert serving.ask("/invocations", frame)["predictions"][0]["score"] == score
        table = b"stars,body,title\n3,film,good\n"
        told = serving.post("/invocations", table, content_type="text/csv; header=present").text
        assert str(score) in told
        assert "title, body" in serving.refused("/invocations", {"features": ["good"]})["detail"]
        assert "`title` and `body`" in serving.refused("/invocations", {"inputs": [{"title": "x"}]})["detail"]


@pytest.mark.parametrize(
    ("body", "content", "status", "says"),
    [
        (b'{"features": ["good"]}\n{"features": 7}\n', LINES, 422, "line 2: features"),
        (b'{"features": ["good"]}\n\n{"features": ["bad"]}\n', LINES, 400, "line 2"),
        (b'{"features": ["good", "bad"]}\n', LINES, 422, "2 values; the model reads 1: text"),
        (b'{"features": ["good"], "label": "x"}\n', LINES, 422, "label"),
        (b'"good\n', CSV, 422, "no CSV"),
        (b"good,bad\n", CSV, 422, "row 1: 2 values"),
        (b"\xff\n", CSV, 400, "no UTF-8"),
        (b"good", "text/plain", 415, "expected one of"),
        (b"good", "text/csv; charset=latin-1", 415, "in UTF-8"),
        (b"good\n" * 21, CSV, 422, "one request may hold 20"),
        (b"good\n" * 30_000, CSV, 413, "100,000 are taken"),
    ],
)
def test_what_is_not_understood_is_told(serving, body, content, status, says):
    problem = serving.refused("/invocations", body, content_type=content)
    assert (problem["status"], says in problem["detail"]) == (status, True), problem
