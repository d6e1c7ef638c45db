"""The format of text-embeddings-inference, on the path that it shares with Tamis's own."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tamis.models import open_bundle
from tamis.predict import Classifier
from tamis.serve import FallbackSettings, ServeSettings, TextRule

from .conftest import ONE, SEVERAL, serve


def test_one_text_gets_a_list_and_a_list_a_list_of_lists(serving):
    one = serving.ask("/predict", {"inputs": "good film"})
    assert serving.ask("/predict", {"inputs": ["good film", "bad"]})[0] == one
    assert serving.ask("/predict", {"inputs": [["good film"], ["bad"]]})[0] == one
    assert [each["score"] for each in one] == sorted((each["score"] for each in one), reverse=True)
    assert set(one[0]) == {"label", "score", "chosen"}
    assert one[0]["label"] == serving.classifiers[ONE].predict(["good film"])[0].label


def test_a_silence_stands_first_with_its_reason(serving):
    told = serving.ask("/predict", {"inputs": "  "})
    assert told[0] == {"label": None, "score": told[1]["score"], "chosen": True, "reason": "empty"}
    assert not any(each["chosen"] for each in told[1:])
    assert len(told) == 4


def test_several_labels_are_all_chosen_and_their_scores_are_their_own(serving_several):
    texts = ["good good good", "bad film good", "loud", "thin warm bad good of"]
    for told, said in zip(
        serving_several.ask("/predict", {"inputs": texts}),
        serving_several.classifiers[SEVERAL].predict(texts),
        strict=True,
    ):
        assert {each["label"] for each in told if each["chosen"]} == set(said.label)
        assert {each["label"]: each["score"] for each in told} == said.scores  # no softmax: they need not sum to 1


def test_raw_scores_are_what_the_model_computed(serving):
    told = serving.ask("/predict", {"inputs": "good film", "raw_scores": True})
    raw = serving.classifiers[ONE].raw(["good film"]).logits[0]
    assert {each["label"]: each["score"] for each in told} == dict(
        zip(serving.classifiers[ONE].labels, raw.tolist(), strict=True)
    )


def test_what_a_fallback_says_stands_first(make_linear):
    rule = TextRule(keyword="sequel", label="odd")
    settings = ServeSettings(fallbacks=(FallbackSettings(rules=(rule,)), FallbackSettings(label="bad")))
    with serve({ONE: make_linear()}, settings) as serving:
        for raw in (False, True):
            told = serving.ask("/predict", {"inputs": "", "raw_scores": raw})
            assert (told[0]["label"], told[0]["chosen"], told[0]["reason"]) == ("bad", True, "fallback")
            assert sorted(each["label"] for each in told) == ["bad", "good", "odd"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"inputs": 7}, "expected a text or a list of texts"),
        ({"inputs": [["good", "bad"]]}, "number 1 is a list of 2"),
        ({"inputs": ["good", None]}, "number 2 is no text"),
        ({"inputs": "good", "truncate": "perhaps"}, "truncate"),
        ({"inputs": "good", "text": "bad"}, "text"),
        ({"inputs": "good", "normalise": True}, "normalise"),
        ({"inputs": ["good"] * 21}, "one request may hold 20"),
        ({"inputs": "x" * 5_001}, "5,000 are taken"),
    ],
)
def test_what_is_not_understood_is_told(serving, body, says):
    problem = serving.refused("/predict", body)
    assert says in problem["detail"]
    assert problem["status"] == 422


def test_a_body_with_neither_key_is_told_of_tamis_own_format(serving):
    assert "`text` or `texts`" in serving.refused("/predict", {})["detail"]
    assert serving.refused("/predict", b"[1")["status"] == 400


def test_both_formats_are_documented(serving):
    body = serving.client.get("/openapi.json").json()["paths"]["/predict"]["post"]["requestBody"]
    keys = [set(schema["properties"]) for schema in body["content"]["application/json"]["schema"]["anyOf"]]
    assert {"text", "texts"} <= keys[0]
    assert {"inputs", "raw_scores", "truncate"} <= keys[1]


@pytest.mark.slow
def test_a_text_that_would_be_cut_is_refused_where_that_is_asked(tiny_model, seal, tmp_path):
    folder = shutil.copytree(tiny_model(), tmp_path / "bundle")
    seal(folder, labels=["bad", "good", "odd"])
    bundle = open_bundle(folder)
    long = "good film " * 60
    with serve({ONE: bundle}, ServeSettings()) as serving:
        told = serving.ask("/predict", {"inputs": long})
        assert told == serving.ask("/predict", {"inputs": long, "truncate": True})
        assert serving.ask("/predict", {"inputs": "good", "truncate": False})
        assert "text 2 is longer" in serving.refused("/predict", {"inputs": ["a", long], "truncate": False})["detail"]
        raw = Classifier.open(bundle).raw([long]).logits[0]
        told = serving.ask("/predict", {"inputs": long, "raw_scores": True})
        assert np.array_equal(sorted(raw.tolist()), sorted(each["score"] for each in told))
