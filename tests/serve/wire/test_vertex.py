"""The format of Vertex AI: a recorded contract, for its client speaks to Google's endpoints only."""

from __future__ import annotations

import pytest

from .conftest import ONE, SEVERAL


def test_an_instance_is_a_text_or_an_object(serving):
    answer = serving.ask(
        f"/v1/models/{ONE}:predict", {"instances": ["good film", {"content": "bad"}, {"text": "slow"}, None]}
    )
    said = serving.classifiers[ONE].predict(["good film", "bad", "slow", None])
    assert [each["label"] for each in answer["predictions"]] == [each.label for each in said]
    assert answer["predictions"][3]["reason"] == "empty"
    assert answer["model"] == ONE
    assert answer["deployedModelId"] == serving.client.get("/info").json()["models"][ONE]["versions"][0]["version"]


def test_a_threshold_makes_it_silent(serving):
    answer = serving.ask(
        f"/v1/models/{SEVERAL}:predict", {"instances": ["good film"], "parameters": {"threshold": 1.0}}
    )
    (prediction,) = answer["predictions"]
    assert prediction["labels"] is None
    assert prediction["reason"] == "low_confidence"
    assert prediction["scores"] == serving.classifiers[SEVERAL].predict(["good film"])[0].scores


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({"instances": [{"review": "good"}]}, 422, "instances.0: the model reads `text`"),
        ({"instances": [7]}, 422, "instances.0: a number"),
        ({"instances": "good"}, 422, "instances"),
        ({"instances": ["good"], "parameters": {"confidenceThreshold": 0.5}}, 422, "confidenceThreshold"),
        ({}, 422, "instances"),
        ({"instances": ["good"] * 21}, 422, "one request may hold 20"),
    ],
)
def test_what_is_not_understood_is_told(serving, body, status, says):
    problem = serving.refused(f"/v1/models/{ONE}:predict", body)
    assert (problem["status"], says in problem["detail"]) == (status, True), problem


def test_an_unknown_model_is_told(serving):
    assert serving.refused("/v1/models/flim:predict", {"instances": ["good"]})["detail"].endswith("'film'?")
