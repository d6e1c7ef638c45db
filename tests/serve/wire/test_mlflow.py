"""MLflow's scoring server, as MLflow's own client speaks to it."""

from __future__ import annotations

import pytest

import tamis

from .conftest import ONE


def of(serving, texts):
    """What Python says, but for the ids, which name the request."""
    return [{**each.to_dict(), "id": None} for each in serving.classifiers[ONE].predict(texts)]


def ask(serving, frame):
    predictions = serving.ask("/invocations", frame)["predictions"]
    assert len({each["id"] for each in predictions}) == len(predictions)
    return [{**each, "id": None} for each in predictions]


@pytest.mark.slow
def test_mlflows_client_gets_predictions(serving):
    scoring = pytest.importorskip("mlflow.pyfunc.scoring_server.client", reason="pip install 'tamis[track]'")
    import numpy as np
    import pandas as pd

    client = scoring.ScoringServerClient("127.0.0.1", serving.port)
    client.wait_server_ready(timeout=10)
    assert client.get_version() == tamis.__version__
    texts = ["good film", "bad"]
    said = [each.label for each in serving.classifiers[ONE].predict(texts)]
    for given in (
        pd.DataFrame({"text": texts}),
        pd.DataFrame({"stars": [1, 2], "text": texts}),
        pd.DataFrame(texts),
        np.array(texts),
        np.array(texts).reshape(2, 1),
        texts,
    ):
        answer = client.invoke(given).get_predictions()
        assert list(answer["label"]) == said
    assert list(client.invoke(texts, params={"threshold": 1.0}).get_predictions()["label"]) == [None, None]
    with pytest.raises(Exception, match="the model reads `text`"):
        client.invoke(pd.DataFrame({"stars": [1, 2], "review": texts}))


def test_every_form_of_a_frame_is_read(serving):
    texts = ["good film", None, "bad"]
    said = of(serving, texts)
    assert said[1]["label"] is None
    assert said[1]["reason"] == "empty"
    for frame in (
        {"inputs": texts},
        {"inputs": {"text": texts}},
        {"inputs": [[text] for text in texts]},
        {"instances": texts},
        {"instances": [{"text": text} for text in texts]},
        {"dataframe_records": [{"text": text, "stars": 3} for text in texts]},
        {"dataframe_split": {"index": [0, 1, 2], "columns": [0], "data": [[text] for text in texts]}},
        {"dataframe_split": {"columns": ["n", "text"], "data": [[1, text] for text in texts]}},
    ):
        assert ask(serving, frame) == said, frame
    assert ask(serving, {"inputs": "bad"}) == of(serving, ["bad"])
    # pandas writes an empty cell as NaN, which is no JSON but comes
    assert ask(serving, b'{"dataframe_split": {"columns": ["text"], "data": [["bad"], [NaN]]}}')[1]["reason"] == "empty"


def test_ping_health_and_version_answer(serving):
    assert serving.client.get("/ping").status_code == 200
    assert serving.client.get("/health").status_code == 200
    assert serving.client.get("/version").text == tamis.__version__


@pytest.mark.parametrize(
    ("frame", "says"),
    [
        ({}, "give one of dataframe_split, dataframe_records, inputs, instances"),
        ({"inputs": ["a"], "instances": ["a"]}, "give one of"),
        ({"inputs": ["a"], "params": {"temperature": 1}}, "params.temperature"),
        ({"inputs": ["a", 7]}, "inputs.1: a number; expected a text"),
        ({"inputs": {"text": ["a", "b"], "n": [1]}}, "unequal length"),
        ({"dataframe_split": {"columns": ["n", "text"], "data": [["a"]]}}, "1 values for 2 columns"),
        ({"dataframe_records": [{"n": 1}]}, "dataframe_records.0: the model reads `text`"),
        ({"dataframe_records": [{"text": ["a"]}]}, "dataframe_records.0.text: a list"),
        ({"instances": ["a", {"features": ["b"]}]}, "instances.1"),
        ({"instances": [{"features": ["b"]}, "a"]}, "instances.1"),
        ([1], "the body"),
    ],
)
def test_what_is_not_understood_is_told(serving, frame, says):
    problem = serving.refused("/invocations", frame)
    assert says in problem["detail"], problem
