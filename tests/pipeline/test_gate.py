"""The gate: conditions hold by the end of an interval, and a model that is no worse is hardly ever refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tamis.core import LabelSet, UsageError
from tamis.evaluate import LabelledRows, ScoredRows, compare_models, scored
from tamis.evaluate.behaviour import SuiteResult
from tamis.evaluate.behaviour.result import TestResult as Tested
from tamis.export import FormParity, Parity
from tamis.pipeline.gate import (
    Verdict,
    against_champion,
    baseline_beaten,
    behaviour_holds,
    calibrated,
    data_sound,
    gate_page,
    minimum_reached,
    parity_shown,
    slices_reach,
)
from tamis.predict import RawScores
from tamis.tasks import task_for


def span(value: float | None, low: float | None, high: float | None) -> dict[str, float | None]:
    return {"value": value, "low": low, "high": high}


def evaluation(**changes: Any) -> dict[str, Any]:
    score = span(0.8, 0.7, 0.9)
    return {
        "main_metric": "macro_f1",
        "baseline": "linear",
        "scores": {
            "macro_f1": {"model": score, "difference": span(0.05, -0.01, 0.11)},
            "log_loss": {"model": span(0.5, 0.4, 0.6)},
            "ece": {"model": span(0.05, 0.02, 0.09)},
            "odd": {"model": span(None, None, None)},
        },
        "lengths": {
            "least": 30,
            "shown": [{"by": "length", "name": "up to 9 words", "score": span(0.7, 0.5, 0.8)}],
            "small": [["length", "10 words and more", 12]],
        },
        "slices": [{"shown": [{"by": "slice", "name": "loved", "score": span(0.9, 0.6, 1.0)}], "small": []}],
        "by_label": [
            {"label": "bad", "rows": 50, "scores": {"f1": {"model": span(0.6, 0.45, 0.7)}}},
            {"label": "good", "rows": 7, "scores": {"f1": {"model": span(0.1, 0.0, 0.4)}}},
        ],
    } | changes


def told(verdicts: Any) -> list[tuple[str, bool, float | None]]:
    return [(each.condition, each.holds, each.value) for each in verdicts]


def test_a_minimum_is_held_against_the_end_that_says_the_least():
    assert told(minimum_reached(evaluation(), {"macro_f1": 0.7, "log_loss": 0.55})) == [
        ("macro F1 at least 0.7", True, 0.7),
        ("log loss at most 0.55", False, 0.6),
    ]
    assert told(minimum_reached(evaluation(), {"macro_f1": 0.71, "log_loss": 0.6})) == [
        ("macro F1 at least 0.71", False, 0.7),
        ("log loss at most 0.6", True, 0.6),
    ]


def test_what_is_not_defined_does_not_hold():
    [verdict] = minimum_reached(evaluation(), {"odd": 0.1})
    assert (verdict.holds, verdict.says) == (False, "it is not defined on these rows")


def test_a_measure_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(UsageError, match=r"no measure 'macro_f'.*Did you mean 'macro_f1'\?"):
        list(minimum_reached(evaluation(), {"macro_f": 0.5}))


def test_the_baseline_must_be_surely_beaten():
    assert not baseline_beaten(evaluation()).holds
    scores = {"macro_f1": {"model": span(0.8, 0.7, 0.9), "difference": span(0.05, 0.01, 0.11)}}
    assert baseline_beaten(evaluation(scores=scores)).holds
    assert not baseline_beaten(evaluation(scores={"macro_f1": {"model": span(1, 1, 1), "difference": None}})).holds


def test_slices_have_floors_and_small_ones_are_told_as_such():
    verdicts = list(slices_reach(evaluation(), {"length": 0.5, "loved: stars > 3": 0.61, "label": 0.4}))
    assert told(verdicts) == [
        ("length up to 9 words: macro F1 at least 0.5", True, 0.5),
        ("length 10 words and more: at least 0.5", True, None),
        ("slice loved: macro F1 at least 0.61", False, 0.6),
        ("label bad: F1 at least 0.4", True, 0.45),
        ("label good: F1 at least 0.4", True, None),
    ]
    assert verdicts[1].says == "12 rows, too few to say (30 are needed)"
    with pytest.raises(UsageError, match="'colour' is no slice of this evaluation"):
        list(slices_reach(evaluation(), {"colour": 0.5}))


def test_calibration_has_a_limit():
    assert calibrated(evaluation(), 0.09).holds
    assert not calibrated(evaluation(), 0.08).holds
    assert calibrated(evaluation(scores={}), 0.5).says == "the model gives no probabilities"


@pytest.mark.parametrize(
    ("verdict", "holds"), [("same", True), ("within", True), ("unproven", False), ("worse", False)]
)
def test_the_form_that_runs_must_be_the_same_model(verdict, holds):
    form = FormParity(engine="onnxruntime", precision="int8", file="m.onnx", verdict=verdict, says="…", chosen=True)
    parity = Parity(
        model="m", rows=10, data="d", main_metric="macro_f1", tolerance=0.01, confidence=0.95, processor=(), threads=1,
        versions={}, forms=(form,),
    )  # fmt: skip
    assert parity_shown(parity).holds is holds
    assert parity_shown(None).holds


def test_enough_behavioural_tests_must_hold():
    tests = tuple(
        Tested(name=name, kind="functionality", cases=4, failures=(), at_least=at_least)
        for name, at_least in (("one", 1.0), ("two", 1.1))
    )
    result = SuiteResult(suite="suite", model="m", dataset=None, seed=0, seconds=0.0, tests=tests)
    assert behaviour_holds(result, 0.5).holds
    found = behaviour_holds(result, 0.51)
    assert (found.holds, found.value) == (False, 0.5)
    assert found.says == "1 of 2 tests of suite hold; not: two"


def test_the_data_may_hold_nothing_of_a_weight_and_break_no_constraint():
    report = {
        "rows": 10,
        "counts": {"error": 0, "warning": 1, "note": 0},
        "findings": [{"severity": "warning", "title": "2 texts repeat an earlier row"}],
        "constraints": [],
    }
    assert data_sound(report, "error").holds
    assert data_sound(report, "warning").says == "0 errors, 1 warning; 2 texts repeat an earlier row"
    assert not data_sound(report, "warning").holds
    assert not data_sound(report | {"constraints": [{"constraint": "size > 9", "message": "8"}]}, "error").holds


def test_the_page_shows_what_does_not_hold_first():
    verdicts = [
        Verdict(condition="a", holds=True, says="fine"),
        Verdict(condition="b", holds=False, value=0.1, bound=0.2, says="low"),
    ]
    page = gate_page("docs-linear-1", verdicts).html()
    assert "docs-linear-1 may not be approved: 1 of 2 conditions hold." in page
    assert page.index("FAILS") < page.index("holds</td>")


def model_of(name: str, rows: LabelledRows, right: np.ndarray) -> ScoredRows:
    """Rows as a model scores them that is right where it is said to be."""
    task = task_for("single_label", LabelSet(["bad", "good"]))
    truth = task.truth(rows.labels)
    said = np.where(right, truth, 1 - truth)
    logits = np.where(said[:, None] == np.arange(2), 1.0, 0.0).astype(np.float32)
    count = len(right)
    raw = RawScores(
        logits=logits,
        pooled=None,
        tokens=np.ones(count, np.int32),
        cut=np.zeros(count, np.bool_),
        empty=np.zeros(count, np.bool_),
    )
    return scored(rows, task, raw, model=name)


def rows_of(count: int, random: np.random.Generator) -> LabelledRows:
    labels = pa.array(random.choice(["bad", "good"], count).tolist())
    ids = [str(number) for number in range(count)]
    return LabelledRows(
        name="rows", ids=ids, texts=[f"text {name}" for name in ids], labels=labels, columns=pa.table({})
    )


def test_a_model_that_is_no_worse_is_hardly_ever_refused():
    """Both are right four times in five, by chance of their own: neither is the better one."""
    random = np.random.default_rng(3)
    refused = 0
    for number in range(40):
        rows = rows_of(60, random)
        first, second = (model_of(name, rows, random.random(60) < 0.8) for name in ("first", "second"))
        found = compare_models(first, second, resamples=100, seed=number)
        refused += not against_champion(found, "not-worse", "champion").holds
    assert refused <= 2  # 5 %; benchmarks/gate.py counts 200 resamples of real rows


def test_the_same_model_is_never_refused_and_a_worse_one_is():
    random = np.random.default_rng(1)
    rows = rows_of(150, random)
    good = model_of("good", rows, random.random(150) < 0.9)
    poor = model_of("poor", rows, random.random(150) < 0.6)
    assert against_champion(compare_models(good, good, resamples=100), "not-worse", "champion").holds
    assert not against_champion(compare_models(good, good, resamples=100), "better", "champion").holds
    found = against_champion(compare_models(good, poor, resamples=100), "not-worse", "docs@champion (docs@1)")
    assert not found.holds
    assert found.condition == "not worse than docs@champion (docs@1)"
    assert "good is better by" in found.says
    assert against_champion(compare_models(poor, good, resamples=100), "better", "champion").holds
    assert against_champion(None, "better", "docs@champion").says == "there is no docs@champion to hold it against"
