"""Rules: what is said keeps its promise on text nobody has seen, and hierarchies stay whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamis.core import LabelSet, UsageError
from tamis.decide import DecideSettings, Rule, check_goal, check_promise, fit_decider
from tamis.tasks import MultiLabel, SingleLabel, sigmoid


def verdict(task, decider, rows):
    return decider.rule.apply(task, decider.calibration.probabilities(task, rows.logits))


@pytest.mark.slow
@pytest.mark.parametrize("scope", ["each", "all"])
def test_a_precision_of_95_holds_on_unseen_rows_in_95_of_100_resamples(scope, task, draw):
    held, answered = [], []
    for seed in range(200):
        fitting, unseen = draw(600, seed=seed), draw(600, seed=seed + 1000)
        goal = DecideSettings(goal="precision", precision=0.95, precision_for=scope, calibration="temperature")
        said = verdict(task, fit_decider(task, fitting.logits, fitting.truth, goal).decider, unseen)
        right = (said.said == unseen.truth)[said.answered]
        held.append(not len(right) or right.mean() >= 0.95)
        answered.append(said.answered.mean())
    assert np.mean(held) >= 0.95
    assert np.mean(answered) > (0.15 if scope == "each" else 0.3)  # silence alone would keep any promise


def test_the_precision_of_each_label_is_kept(task, draw):
    fitting, unseen = draw(4000, seed=1), draw(20_000, seed=2)
    fitted = fit_decider(task, fitting.logits, fitting.truth, DecideSettings(goal="precision"))
    said = verdict(task, fitted.decider, unseen)
    for label in range(3):
        rows = said.answered & (said.said == label)
        assert rows.mean() > 0.1
        assert 0.95 <= (unseen.truth[rows] == label).mean() < 0.992
    assert fitted.report.promise_rows == 1600
    assert fitted.decider.promise is not None
    assert fitted.decider.promise.verdict in ("kept", "open")
    assert fitted.decider.promise.rows == 1600


def test_a_precision_of_several_labels_is_kept_under_their_parents(olid, draw_sets):
    fitting, unseen = draw_sets(6000, seed=1), draw_sets(20_000, seed=2)
    goal = DecideSettings(goal="precision", precision=0.8)
    fitted = fit_decider(olid, fitting.logits, fitting.truth, goal)
    said = verdict(olid, fitted.decider, unseen).said
    assert said[:, 0].any()
    for label in range(6):
        if said[:, label].any():
            assert unseen.truth[said[:, label], label].mean() >= 0.8
    assert fitted.report.promise.verdict == "kept"


def test_a_precision_out_of_reach_gives_silence_with_a_reason(task, draw):
    rows = draw(400, apart=0.2)
    fitted = fit_decider(task, rows.logits, rows.truth, DecideSettings(goal="precision", precision=0.99))
    assert set(fitted.decider.rule.thresholds.values()) == {None}
    assert fitted.report.answered == 0
    assert "no label: no threshold keeps a precision of 0.99 for sure, so the model always keeps silent" in str(
        fitted.report.notes
    )
    assert fitted.report.promise.verdict == "open"
    assert fitted.report.promise.measured.value is None


def test_labels_with_few_rows_share_a_threshold():
    task = SingleLabel(LabelSet([f"label{number}" for number in range(12)]))
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 12, 240)
    logits = np.eye(12)[truth] * 8 + rng.normal(size=(240, 12))
    fitted = fit_decider(task, logits, truth, DecideSettings(goal="precision"))
    thresholds = set(fitted.decider.rule.thresholds.values())
    assert len(thresholds) == 1
    assert None not in thresholds
    assert "share one threshold" in fitted.report.notes[0]


@pytest.mark.parametrize("coverage", [0.5, 0.8, 1.0])
def test_a_coverage_is_reached_and_buys_fewer_errors(coverage, task, draw):
    fitting, unseen = draw(2000, seed=1), draw(8000, seed=2)
    goal = DecideSettings(goal="coverage", coverage=coverage)
    fitted = fit_decider(task, fitting.logits, fitting.truth, goal)
    said = verdict(task, fitted.decider, unseen)
    assert said.answered.mean() == pytest.approx(coverage, abs=0.03)
    wrong = said.said != unseen.truth
    if coverage < 1:
        assert wrong[said.answered].mean() < (0.6 if coverage == 0.8 else 0.3) * wrong.mean()
    assert fitted.report.promise.verdict != "broken"


def test_the_least_cost_is_cheaper_than_any_other_way(task, draw):
    fitting, unseen = draw(2000, seed=1), draw(8000, seed=2)
    settings = DecideSettings(goal="cost", costs={"a": {"b": 20, "c": 20}}, review_cost=0.5)
    fitted = fit_decider(task, fitting.logits, fitting.truth, settings)
    said = verdict(task, fitted.decider, unseen)
    costs = fitted.decider.rule.cost_table(task)
    paid = np.where(said.answered, costs[unseen.truth, said.said], 0.5).mean()
    always = costs[unseen.truth, unseen.logits.argmax(1)].mean()
    assert paid < min(always, 0.5) * 0.8
    assert fitted.report.promise.verdict == "kept"  # cheaper than reviewing everything
    assert fitted.report.promise.target == 0.5


def test_costs_of_several_labels(olid, draw_sets):
    rows = draw_sets(3000)
    settings = DecideSettings(goal="cost", costs={"OFF": {"missed": 9}}, review_cost=3, empty="allow")
    rule = fit_decider(olid, rows.logits, rows.truth, settings).decider.rule
    said = rule.apply(olid, np.array([[0.15, 0, 0, 0, 0, 0], [0.05, 0, 0, 0, 0, 0], [0.5] * 6, [0.4, 0.4, 0, 0, 0, 0]]))
    assert said.labels(olid)[:2] == [("OFF",), ()]
    assert said.answered.tolist() == [True, True, True, True]
    assert not rule.model_copy(update={"review_cost": 0.9}).apply(olid, np.array([[0.05, 0, 0.4, 0.4, 0, 0]])).answered


def test_the_goal_follows_the_task_when_none_is_set(task, olid, draw, draw_sets):
    rows, sets = draw(300), draw_sets(300)
    assert fit_decider(task, rows.logits, rows.truth, DecideSettings()).decider.rule == Rule()
    assert fit_decider(olid, sets.logits, sets.truth, DecideSettings()).decider.rule.goal == "f1"
    plain = fit_decider(olid, sets.logits, sets.truth, DecideSettings(goal="none", empty="top"))
    assert plain.decider.rule == Rule(empty="top")


def test_thresholds_for_f1_beat_a_half_on_unseen_rows(olid, draw_sets):
    fitting, unseen = draw_sets(1500, seed=1), draw_sets(8000, seed=2)
    decider = fit_decider(olid, fitting.logits, fitting.truth, DecideSettings(goal="f1")).decider
    probabilities = decider.calibration.probabilities(olid, unseen.logits)
    tuned = decider.rule.apply(olid, probabilities).labels(olid)
    plain = Rule().apply(olid, probabilities).labels(olid)
    score, half = (olid.tally(unseen.truth, probabilities, said=said).score() for said in (tuned, plain))
    assert score["macro_f1"] > half["macro_f1"] + 0.02
    assert score["hierarchy_consistency"] == 1


def test_thresholds_for_f1_do_not_follow_noise():
    task = MultiLabel(LabelSet(["a", "b"]))
    rng = np.random.default_rng(0)
    losses = []
    for _ in range(10):
        logits = rng.normal(size=(2100, 2))
        truth = (rng.random((2100, 2)) < sigmoid(4 * logits)).astype(float)
        settings = DecideSettings(goal="f1", calibration="none")
        rule = fit_decider(task, 4 * logits[:100], truth[:100], settings).decider.rule
        unseen = sigmoid(4 * logits[100:])
        tuned, plain = rule.apply(task, unseen), Rule().apply(task, unseen)
        scores = [task.tally(truth[100:], unseen, said=said.labels(task)).score() for said in (tuned, plain)]
        losses.append(scores[1]["macro_f1"] - scores[0]["macro_f1"])
    assert np.mean(losses) < 0.01


probabilities = arrays(np.float64, st.tuples(st.integers(0, 6), st.just(6)), elements=st.floats(-30, 30))
thresholds = st.lists(st.none() | st.floats(0, 1), min_size=6, max_size=6)


@settings(deadline=None)
@given(probabilities, thresholds, st.sampled_from(["allow", "top", "silent"]), st.sampled_from(["f1", "precision"]))
def test_no_child_is_ever_said_without_its_parents(logits, limits, empty, goal):
    olid = MultiLabel(
        LabelSet(["OFF", "UNT", "TIN", "IND", "GRP", "OTH"]),
        parents={"UNT": "OFF", "TIN": "OFF", "IND": "TIN", "GRP": "TIN", "OTH": "TIN"},
    )
    rule = Rule(goal=goal, thresholds=dict(zip(olid.label_set, limits, strict=True)), empty=empty)
    said = rule.apply(olid, olid.probabilities(logits))
    labels = said.labels(olid)
    assert olid.inconsistent(labels).tolist() == []
    never = {name for name, limit in rule.thresholds.items() if limit is None}
    assert not any(never & set(row) for row in labels)
    if empty != "allow":
        assert all(row or not answered for row, answered in zip(labels, said.answered, strict=True))


def test_policies_for_no_label_at_all():
    task = MultiLabel(LabelSet(["a", "b"]))
    row = np.array([[0.3, 0.4]])
    for empty, labels, answered in (("allow", [()], True), ("top", [("b",)], True), ("silent", [()], False)):
        said = Rule(empty=empty).apply(task, row)
        assert said.labels(task) == labels
        assert said.answered.tolist() == [answered]
    assert Rule().apply(task, row).score.tolist() == [0.6]


def test_a_promise_that_does_not_hold_is_called_broken(task, draw):
    from tamis.decide import Calibration

    rows = draw(1000)
    rule = Rule(goal="precision", thresholds={"a": 0.0, "b": 0.0, "c": 0.0})
    promise = check_promise(task, Calibration(), rule, rows.logits, rows.truth, target=0.95)
    assert promise.verdict == "broken"
    assert promise.measured.low < promise.measured.value < promise.measured.high < 0.95
    assert sum(each.rows for each in promise.by_label.values()) == promise.measured.rows == 1000
    assert check_promise(task, Calibration(), Rule(), rows.logits, rows.truth, target=0.95) is None


def test_wrong_wishes_are_told(task, olid):
    with pytest.raises(UsageError, match="goal=f1 is for texts with several labels, and the task is single_label"):
        check_goal(task, DecideSettings(goal="f1"))
    with pytest.raises(UsageError, match="costs: there is no 'aa'. Known: a, b, c. Did you mean 'a'"):
        check_goal(task, DecideSettings(goal="cost", costs={"aa": {"b": 1}}))
    with pytest.raises(
        UsageError, match=r"costs.OFF: there is no 'mised'. Known: wrong, missed. Did you mean 'missed'"
    ):
        check_goal(olid, DecideSettings(goal="cost", costs={"OFF": {"mised": 1}}))
    with pytest.raises(UsageError, match="numbers from 0 on"):
        check_goal(task, DecideSettings(goal="cost", costs={"a": {"b": -1}}))
    with pytest.raises(UsageError, match=r"need decide.goal=cost"):
        check_goal(task, DecideSettings(review_cost=1))
    with pytest.raises(UsageError, match="precision_for=all is for one label a text"):
        check_goal(olid, DecideSettings(goal="precision", precision_for="all"))
