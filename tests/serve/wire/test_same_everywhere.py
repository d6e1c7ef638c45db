"""The same texts get the same labels and scores, to the last bit, from Python and by every wire format."""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

WORDS = st.sampled_from(
    ["good", "bad", "film", "slow", "loud", "the", "never", "Æ", "電影", "\u2028", "\r\n", '"', ","]
)
TEXTS = st.lists(st.lists(WORDS, max_size=8).map(" ".join) | st.text(max_size=30), min_size=1, max_size=5)
CONFIG = '<View><Text name="t" value="$text"/><Choices name="c" toName="t"/></View>'
KINDS = pytest.mark.parametrize("kind", ["serving", "serving_several"])


def expected(serving, texts):
    """What Python says, as (labels or None, scores, score, reason)."""
    first = next(iter(serving.classifiers.values()))
    return [(said(each.label), dict(each.scores), each.score, each.reason) for each in first.predict(texts)]


def said(label):
    return [label] if isinstance(label, str) else None if label is None else sorted(label)


def of_predictions(predictions):
    return [(said(p.get("label", p.get("labels"))), p["scores"], p["score"], p["reason"]) for p in predictions]


def without_scores(rows):
    return [(label, score, reason) for label, _, score, reason in rows]


def of_sagemaker(rows):
    return [(said(row["predicted_label"]), row["probability"], row.get("reason", "confident")) for row in rows]


@KINDS
@given(texts=TEXTS)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_format_says_what_python_says(kind, texts, request):
    serving = request.getfixturevalue(kind)
    model = next(iter(serving.classifiers))
    python = expected(serving, texts)

    native = serving.ask("/predict", {"texts": texts, "scores": True})
    assert of_predictions(native["predictions"]) == python

    for told, (label, scores, _, reason) in zip(serving.ask("/predict", {"inputs": texts}), python, strict=True):
        assert {each["label"]: each["score"] for each in told if each["label"] is not None} == scores
        chosen = [each["label"] for each in told if each["chosen"]]
        assert chosen == [None] if label is None else sorted(chosen) == label
        assert told[0].get("reason", "confident") == reason

    body = {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}]}
    told = {each["name"]: each["data"] for each in serving.ask(f"/v2/models/{model}/infer", body)["outputs"]}
    width = len(told["classes"])
    rows = [told["scores"][start : start + width] for start in range(0, len(texts) * width, width)]
    several = serving.classifiers[model].several
    labels = [said((json.loads(each) if several else each) if each else None) for each in told["label"]]
    scores = [dict(zip(told["classes"], row, strict=True)) for row in rows]
    assert list(zip(labels, scores, told["score"], told["reason"], strict=True)) == python

    lines = "".join(json.dumps({"features": [text]}) + "\n" for text in texts).encode()
    answer = serving.post("/invocations", lines, content_type="application/jsonlines")
    assert of_sagemaker(map(json.loads, answer.text.rstrip("\n").split("\n"))) == without_scores(python)
    table = io.StringIO()
    csv.writer(table, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([text] for text in texts)
    answer = serving.ask("/invocations", table.getvalue().encode(), content_type="text/csv", accept="application/json")
    assert of_sagemaker(answer["predictions"]) == without_scores(python)
    answer = serving.ask("/invocations", {"instances": [{"features": [text]} for text in texts]})
    assert of_sagemaker(answer["predictions"]) == without_scores(python)

    for frame in (
        {"inputs": texts},
        {"instances": [{"text": text} for text in texts]},
        {"dataframe_records": [{"text": text} for text in texts]},
        {"dataframe_split": {"columns": ["text"], "data": [[text] for text in texts]}},
    ):
        assert of_predictions(serving.ask("/invocations", frame)["predictions"]) == python

    answer = serving.ask(f"/v1/models/{model}:predict", {"instances": texts})
    assert of_predictions(answer["predictions"]) == python

    tasks = [{"id": number, "data": {"text": text}} for number, text in enumerate(texts)]
    answer = serving.ask("/label-studio/predict", {"tasks": tasks, "label_config": CONFIG})
    for told, (label, _, score, reason) in zip(answer["results"], python, strict=True):
        choices = [choice for region in told["result"] for choice in region["value"]["choices"]]
        assert (sorted(choices), told["score"], told["reason"]) == (label or [], score, reason)
