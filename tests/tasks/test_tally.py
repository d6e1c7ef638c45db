"""Tallies: every measure against scikit-learn, under weights as well, and what is not defined."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn.metrics as theirs
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.core import DataError, LabelSet, UsageError
from tamis.tasks import MASKED, MultiLabel, Ordinal, Reliability, SingleLabel, Span, Spans, softmax

LABELS = LabelSet(["a", "b", "c", "d"])


def scored_rows(rows=300, seed=0, labels=4, decimals=2):
    """Truth and probabilities with many ties."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, rows)
    logits = rng.normal(size=(rows, labels))
    logits[np.arange(rows), truth] += 1
    probabilities = np.round(softmax(logits), decimals) + 0.001
    return truth, probabilities / probabilities.sum(1, keepdims=True)


@pytest.mark.parametrize("weighted", [False, True])
def test_single_label_measures_are_those_of_scikit_learn(weighted):
    truth, probabilities = scored_rows()
    weights = np.random.default_rng(1).integers(0, 4, len(truth)) if weighted else np.ones(len(truth))
    tally = SingleLabel(LABELS).tally(truth, probabilities)
    scores, said = tally.score(weights), probabilities.argmax(1)
    assert scores["accuracy"] == pytest.approx(theirs.accuracy_score(truth, said, sample_weight=weights))
    assert scores["log_loss"] == pytest.approx(theirs.log_loss(truth, probabilities, sample_weight=weights))
    assert scores["brier"] == pytest.approx(theirs.brier_score_loss(truth, probabilities, sample_weight=weights))
    for kind in ("macro", "micro", "weighted"):
        expected = theirs.precision_recall_fscore_support(truth, said, average=kind, sample_weight=weights)
        found = [scores[f"{kind}_{name}"] for name in ("precision", "recall", "f1")]
        assert found == pytest.approx(expected[:3])
    each = tally.by_label(weights)
    expected = np.array(theirs.precision_recall_fscore_support(truth, said, sample_weight=weights))
    for number, label in enumerate(LABELS):
        found = [each[label][name] for name in ("precision", "recall", "f1", "support")]
        assert found == pytest.approx(expected[:, number])
        yes, ranks = truth == number, probabilities[:, number]
        assert each[label]["roc_auc"] == pytest.approx(theirs.roc_auc_score(yes, ranks, sample_weight=weights))
        area = theirs.average_precision_score(yes, ranks, sample_weight=weights)
        assert each[label]["average_precision"] == pytest.approx(area)
    assert scores["roc_auc"] == pytest.approx(np.mean([each[label]["roc_auc"] for label in LABELS]))


def test_two_labels_have_the_brier_score_of_one_probability():
    truth, probabilities = scored_rows(labels=2)
    scores = SingleLabel(LabelSet("ab")).tally(truth, probabilities).score()
    assert scores["brier"] == pytest.approx(theirs.brier_score_loss(truth, probabilities[:, 1]))


def test_ordinal_measures_are_those_of_scikit_learn():
    truth, probabilities = scored_rows()
    task = Ordinal(LABELS)
    weights = np.random.default_rng(1).integers(0, 4, len(truth))
    scores, said = task.tally(truth, probabilities).score(weights), task.ranks(task.choose(probabilities))
    assert scores["mae"] == pytest.approx(theirs.mean_absolute_error(truth, said, sample_weight=weights))
    kappa = theirs.cohen_kappa_score(truth, said, weights="quadratic", sample_weight=weights)
    assert scores["quadratic_kappa"] == pytest.approx(kappa)
    alike = task.tally(np.zeros(3, np.int64), np.tile([1.0, 0, 0, 0], (3, 1))).score()
    assert np.isnan(alike["quadratic_kappa"])
    assert alike["mae"] == 0


def test_multi_label_measures_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    truth = rng.random((200, 4)) < 0.4
    probabilities = np.round(np.clip(rng.normal(0.3 + 0.3 * truth, 0.2), 0.01, 0.99), 2)
    weights = rng.integers(0, 4, 200)
    scores, said = MultiLabel(LABELS).tally(truth.astype(float), probabilities).score(weights), probabilities > 0.5
    assert scores["subset_accuracy"] == pytest.approx(theirs.accuracy_score(truth, said, sample_weight=weights))
    assert scores["hamming"] == pytest.approx(theirs.hamming_loss(truth, said, sample_weight=weights))
    for kind in ("macro", "micro"):
        expected = theirs.f1_score(truth, said, average=kind, sample_weight=weights)
        assert scores[f"{kind}_f1"] == pytest.approx(expected)
        expected = theirs.roc_auc_score(truth, probabilities, average="macro", sample_weight=weights)
        assert scores["roc_auc"] == pytest.approx(expected)
    each = [theirs.log_loss(truth[:, k], probabilities[:, k], sample_weight=weights) for k in range(4)]
    assert scores["log_loss"] == pytest.approx(np.mean(each))
    assert "hierarchy_consistency" not in scores


def test_an_answer_without_its_parent_is_inconsistent():
    task = MultiLabel(LabelSet(["OFF", "UNT"]), parents={"UNT": "OFF"})
    truth = task.truth([["UNT"], [], None, ["OFF"]])
    probabilities = np.full((4, 2), 0.2)
    assert task.tally(truth, probabilities).score()["hierarchy_consistency"] == 1
    said = task.tally(truth, probabilities, said=[["UNT"], [], ["OFF"], None]).score()
    assert said["hierarchy_consistency"] == 0.5
    assert said["coverage"] == pytest.approx(2 / 3)
    assert said["subset_accuracy"] == 0.5


def test_spans_count_when_ends_and_label_are_exact():
    task = Spans(LabelSet(["Drug", "Gene"]))
    truth = task.truth([[(0, 4, "Drug"), (5, 9, "Gene")], [(0, 3, "Drug")], None, []])
    said = [[(0, 4, "Drug"), (5, 8, "Gene")], [(0, 3, "Gene")], [(1, 2, "Drug")], [Span(0, 1, "Drug")]]
    tally = task.tally(truth, said=said)
    assert tally.by_label()["Drug"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert tally.score()["micro_f1"] == pytest.approx(2 * 1 / (3 + 4))
    assert tally.score()["exact_rows"] == 0
    assert tally.score(np.array([1, 0, 0, 0]))["micro_f1"] == 0.5
    with pytest.raises(UsageError, match="pass said="):
        task.tally(truth)


def test_rows_without_label_or_answer_are_left_out():
    truth, probabilities = scored_rows(rows=40)
    task = SingleLabel(LABELS)
    masked = np.where(np.arange(40) < 10, MASKED, truth)
    assert task.tally(masked, probabilities).score() == pytest.approx(
        task.tally(truth[10:], probabilities[10:]).score()
    )
    said = [None if row < 20 else label for row, label in enumerate(task.choose(probabilities))]
    scores = task.tally(masked, probabilities, said=said).score()
    assert scores["coverage"] == pytest.approx(2 / 3)
    alone = task.tally(truth[20:], probabilities[20:]).score()
    assert scores["accuracy"] == pytest.approx(alone["accuracy"])
    assert scores["macro_f1"] == pytest.approx(alone["macro_f1"])


def test_what_is_not_defined_is_nan_and_said():
    task = SingleLabel(LABELS)
    probabilities = np.array([[0.7, 0.1, 0.1, 0.1], [0.6, 0.2, 0.1, 0.1], [0.1, 0.1, 0.7, 0.1]])
    tally = task.tally(np.array([0, 1, 0]), probabilities)
    each = tally.by_label()
    assert np.isnan(each["b"]["precision"])
    assert np.isnan(each["c"]["recall"])
    assert np.isnan(each["d"]["f1"])
    assert np.isnan(each["d"]["roc_auc"])
    assert tally.score()["macro_f1"] == pytest.approx(theirs.f1_score([0, 1, 0], [0, 0, 2], average="macro"))
    assert tally.notes() == [
        "no row bears 'c', 'd': recall and the ranking scores are not defined there",
        "no row was given 'b', 'd': precision is not defined there and counts as 0 in means",
    ]
    nobody = task.tally(np.full(3, MASKED), probabilities)
    assert nobody.notes() == ["no row has a label: nothing can be scored"]
    assert all(np.isnan(value) for value in nobody.score().values())
    assert all(np.isnan(value) for value in task.tally(np.zeros(0, np.int64), np.zeros((0, 4))).score().values())


def test_wrong_scores_are_told():
    task = SingleLabel(LABELS)
    with pytest.raises(DataError, match=r"scores must be 2 rows x 4 labels, not \(2, 3\)"):
        task.tally(np.zeros(2, np.int64), np.zeros((2, 3)))
    with pytest.raises(DataError, match=r"row 1 \(from 0\) has scores that are no numbers: \[nan"):
        task.tally(np.zeros(2, np.int64), np.array([[0.25] * 4, [np.nan] * 4]))
    with pytest.raises(DataError, match="1 answers came for 2 rows"):
        task.tally(np.zeros(2, np.int64), np.full((2, 4), 0.25), said=["a"])
    with pytest.raises(UsageError, match="scored with their probabilities"):
        task.tally(np.zeros(2, np.int64), None)
    with pytest.raises(DataError, match="weights are draws x 2 rows"):
        task.tally(np.zeros(2, np.int64), np.full((2, 4), 0.25)).score(np.ones(3))


TASKS = [SingleLabel(LABELS), Ordinal(LABELS), MultiLabel(LABELS, parents={"b": "a"})]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_weights_are_copies_of_rows(task):
    truth, probabilities = scored_rows(rows=60)
    if task.name == "multi_label":
        truth = task.truth([[LABELS.names[code]] for code in truth])
    weights = np.random.default_rng(2).integers(0, 3, (5, 60))
    drawn = task.tally(truth, probabilities).resampled(weights)
    for draw, line in enumerate(weights):
        copies = np.repeat(np.arange(60), line)
        tally = task.tally(truth[copies], probabilities[copies])
        alone = tally.score()
        assert {name: values[draw] for name, values in drawn.overall.items()} == pytest.approx(alone, nan_ok=True)
        each = {name: [tally.by_label()[label][name] for label in LABELS] for name in drawn.by_label}
        for name, values in drawn.by_label.items():
            assert values[draw].tolist() == pytest.approx(each[name], nan_ok=True)


@settings(deadline=None, max_examples=50)
@given(st.permutations(range(20)), st.integers(0, 99))
def test_the_order_of_rows_does_not_matter(order, seed):
    truth, probabilities = scored_rows(rows=20, seed=seed, decimals=1)
    task = SingleLabel(LABELS)
    one, other = (task.tally(truth[rows], probabilities[rows]).score() for rows in (np.arange(20), np.array(order)))
    assert one == pytest.approx(other, nan_ok=True)


def test_calibration_error_is_the_gap_in_bins_of_equal_size():
    rng = np.random.default_rng(0)
    confidence = rng.random(3000)
    right = rng.random(3000) < confidence**2
    order = np.argsort(confidence)
    parts = np.array_split(order, 15)
    expected = sum(len(part) / 3000 * abs(confidence[part].mean() - right[part].mean()) for part in parts)
    reliability = Reliability(confidence[:, None], right[:, None])
    assert reliability.measure(np.ones((1, 3000))).overall["ece"][0] == pytest.approx(expected)
    table = reliability.table()
    assert [part.rows for part in table] == [200] * 15
    assert [part.right for part in table] == pytest.approx([right[part].mean() for part in parts])
    assert len(Reliability(np.full((9, 1), 0.5), right[:9, None]).table()) == 1


@pytest.mark.slow
def test_a_bootstrap_takes_seconds():
    import time

    truth, probabilities = scored_rows(rows=10_000, decimals=9)
    weights = np.random.default_rng(0).multinomial(10_000, [1e-4] * 10_000, size=1000)
    start = time.process_time()
    drawn = SingleLabel(LABELS).tally(truth, probabilities).resampled(weights)
    assert time.process_time() - start < 20
    assert 0.005 < drawn.overall["macro_f1"].std() < 0.01
