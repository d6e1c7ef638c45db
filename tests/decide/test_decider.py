"""The decider: one way from scores to predictions, with a reason for each."""

from __future__ import annotations

import time

import numpy as np
import pytest

from tamis.core import DataError, LabelSet
from tamis.decide import REASONS, Calibration, Decider, DecideSettings, Rule, Unknown, fit_decider
from tamis.tasks import MASKED, MultiLabel, Ordinal, SingleLabel, Spans


def decide(task, decider, logits, empty=None):
    logits = np.asarray(logits, np.float32)
    empty = np.zeros(len(logits), np.bool_) if empty is None else np.array(empty)
    return decider.decide(task, logits, ids=[f"t{row}" for row in range(len(logits))], empty=empty, model="m")


def test_every_reason_and_who_comes_first(task):
    decider = Decider(
        rule=Rule(goal="precision", thresholds={"a": 0.9, "b": 0.5, "c": None}),
        unknown=Unknown(method="energy", threshold=-1.0),
    )
    logits = [[5, 0, 0], [2, 1, 0], [1, 3, 0], [0, 0, 9], [-3, -2, -3], [-3, -2, -3]]
    predictions = decide(task, decider, logits, empty=[False] * 5 + [True])
    assert [p.label for p in predictions] == ["a", None, "b", None, None, None]
    assert [p.reason for p in predictions] == [
        "confident",
        "low_confidence",
        "confident",
        "low_confidence",
        "unknown_text",
        "empty",
    ]
    assert {p.reason for p in predictions} == set(REASONS)
    for p in predictions:  # the scores are always there
        assert list(p.scores) == ["a", "b", "c"]
        assert sum(p.scores.values()) == pytest.approx(1)
        assert p.score == pytest.approx(max(p.scores.values()))
        assert p.decided == (p.reason == "confident")


def test_without_a_rule_something_is_always_said(task):
    assert [p.label for p in decide(task, Decider(), [[0, 0.1, 0], [3, 0, 0]])] == ["b", "a"]
    assert decide(task, Decider(), np.zeros((0, 3))) == []
    ordinal = Ordinal(LabelSet(["1", "2", "3"]))
    assert decide(ordinal, Decider(), np.log([[0.4, 0.25, 0.35]]))[0].label == "2"  # the median, not the top


def test_several_labels_and_none_of_them():
    task = MultiLabel(LabelSet(["OFF", "UNT"]), parents={"UNT": "OFF"})
    predictions = decide(task, Decider(), [[-1, 2], [-1, -2], [2, -2]])
    assert [p.label for p in predictions] == [("OFF", "UNT"), (), ("OFF",)]
    assert predictions[1].decided
    silent = decide(task, Decider(rule=Rule(empty="silent")), [[-1, -2]])[0]
    assert (silent.label, silent.reason) == (None, "low_confidence")


def test_a_decider_comes_back_from_json(task, draw):
    rows = draw(1000)
    for settings in (
        DecideSettings(),
        DecideSettings(goal="precision", calibration="isotonic", unknown="energy"),
        DecideSettings(goal="coverage", calibration="vector"),
        DecideSettings(goal="cost", costs={"a": {"b": 3}}, review_cost=0.2),
    ):
        fitted = fit_decider(task, rows.logits, rows.truth, settings)
        back = Decider.model_validate_json(fitted.decider.model_dump_json())
        assert back == fitted.decider
        assert decide(task, back, rows.logits) == decide(task, fitted.decider, rows.logits)
        assert type(fitted.report).model_validate_json(fitted.report.model_dump_json()) == fitted.report


def test_the_same_rows_give_the_same_decider(task, draw):
    rows = draw(500)
    settings = DecideSettings(goal="precision", unknown="auto")
    one, other = (
        fit_decider(task, rows.logits, rows.truth, settings, pooled=rows.pooled).decider.model_dump_json()
        for _ in range(2)
    )
    assert one == other


def test_few_rows_and_none(task, draw):
    rows = draw(100)
    fitted = fit_decider(task, rows.logits, rows.truth, DecideSettings(goal="coverage"))
    assert fitted.decider.promise is None
    assert "100 rows are too few to check the promise on some of them: 200 are needed" in fitted.report.notes
    nobody = fit_decider(task, rows.logits, np.full(100, MASKED), DecideSettings(goal="coverage", unknown="auto"))
    assert nobody.decider == Decider()
    assert "no calibration row has a label" in nobody.report.notes[0]
    spans = fit_decider(Spans(LabelSet(["x"])), np.zeros((2, 3)), np.zeros(2), DecideSettings())
    assert spans.decider == Decider()


def test_scores_that_are_no_numbers_are_told(task, draw):
    with pytest.raises(DataError, match=r"row 1 \(from 0\) has scores that are no numbers: \[0.0, nan, 0.0\]"):
        decide(task, Decider(), [[0, 0, 0], [0, np.nan, 0]])
    with pytest.raises(DataError, match=r"scores must be 1 rows x 3 labels, not \(1, 2\)"):
        decide(task, Decider(), [[0, 0]])
    rows = draw(300)
    with pytest.raises(DataError, match="a model whose training diverged"):
        fit_decider(task, rows.logits * np.nan, rows.truth, DecideSettings())


@pytest.mark.slow
@pytest.mark.parametrize("kind", [SingleLabel, MultiLabel])
def test_100_000_rows_take_seconds(kind):
    task = kind(LabelSet("abcde"))
    logits = np.random.default_rng(0).normal(size=(100_000, 5)).astype(np.float32)
    decider = Decider(calibration=Calibration(method="temperature", scale=(0.5,)), rule=Rule(thresholds={"a": 0.6}))
    start = time.process_time()
    assert len(decide(task, decider, logits)) == 100_000
    assert time.process_time() - start < 10
