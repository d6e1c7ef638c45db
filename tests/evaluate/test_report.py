"""The evaluation: numbers as scikit-learn has them, for every task, and for rows that hardly say anything."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics

from tamis.core import LabelSet
from tamis.decide import Calibration, Decider, Promise, Rule
from tamis.decide.promise import Measured
from tamis.evaluate import Bootstrap, EvaluateSettings, Evaluation, assemble, of_answers
from tamis.evaluate.baseline import Baseline
from tamis.evaluate.curves import reliability_bins
from tamis.evaluate.intervals import Interval
from tamis.evaluate.labelled import LabelledRows
from tamis.evaluate.report import Score
from tamis.evaluate.silence import silence_of
from tamis.tasks import Span, Spans

NAMES = ["a", "b", "c"]
QUICK = EvaluateSettings(resamples=100)
ALONE = Baseline(kind="none", says="No baseline was asked for.", rows=None)


def drawn(count, seed=0):
    return np.random.default_rng(seed).choice(NAMES, count, p=[0.5, 0.3, 0.2]).tolist()


@pytest.fixture
def judge(workspace):
    def run(rows, *, baseline=None, **options) -> Evaluation:
        beside = ALONE if baseline is None else Baseline(kind="linear", says="A linear model.", rows=baseline)
        evaluation = assemble(workspace, rows, beside, **({"settings": QUICK} | options))
        json.dumps(evaluation.to_dict(), allow_nan=False)  # strict JSON, whatever the rows are
        return evaluation

    return run


def value(evaluation, name):
    return evaluation.scores[name].model.value


def test_scores_are_those_of_scikit_learn(make_rows, judge):
    labels = drawn(300)
    rows = make_rows(labels, strength=1)
    evaluation = judge(rows)
    said = rows.answers
    assert value(evaluation, "accuracy") == pytest.approx(metrics.accuracy_score(labels, said))
    assert value(evaluation, "log_loss") == pytest.approx(metrics.log_loss(labels, rows.probabilities, labels=NAMES))
    for kind in ("macro", "micro", "weighted"):
        expected = metrics.precision_recall_fscore_support(labels, said, average=kind)
        found = [value(evaluation, f"{kind}_{name}") for name in ("precision", "recall", "f1")]
        assert found == pytest.approx(expected[:3])
    f1 = dict(zip(NAMES, metrics.f1_score(labels, said, average=None), strict=True))
    assert {each.label: each.scores["f1"].model.value for each in evaluation.by_label} == pytest.approx(f1)
    assert np.array(evaluation.confusion.counts).tolist() == metrics.confusion_matrix(labels, said).tolist()
    assert np.array(evaluation.confusion.shares).sum(1) == pytest.approx([1, 1, 1])
    assert sum(each.said for each in evaluation.by_label) == 300
    assert all(score.model.low <= score.model.value <= score.model.high for score in evaluation.scores.values())


def test_curves_are_those_of_scikit_learn(make_rows, judge):
    labels = drawn(60)
    rows = make_rows(labels, strength=1)
    for place, curve in enumerate(judge(rows).curves):
        truth = np.array(labels) == curve.label
        false, true, _ = metrics.roc_curve(truth, rows.probabilities[:, place], drop_intermediate=False)
        assert np.array(curve.roc) == pytest.approx(np.column_stack([false, true]), abs=1e-5)
        precision, recall, _ = metrics.precision_recall_curve(truth, rows.probabilities[:, place])
        theirs = np.column_stack([recall, precision])
        assert all(np.abs(theirs - point).max(1).min() < 1e-4 for point in curve.precision_recall[1:])


def test_ordinal_scores_tell_how_far_off_it_is(make_rows, judge):
    labels = drawn(200)
    rows = make_rows(labels, task="ordinal", strength=1)
    evaluation = judge(rows)
    true, said = ([NAMES.index(label) for label in each] for each in (labels, rows.answers))
    assert value(evaluation, "mae") == pytest.approx(metrics.mean_absolute_error(true, said))
    assert value(evaluation, "quadratic_kappa") == pytest.approx(
        metrics.cohen_kappa_score(true, said, weights="quadratic")
    )
    assert evaluation.main_metric == "quadratic_kappa"


def test_several_labels_a_row_and_their_hierarchy(make_rows, judge):
    random = np.random.default_rng(1)
    labels = [[name for name in NAMES if random.random() < 0.4] for _ in range(150)]
    rows = make_rows(labels, task="multi_label", strength=2, parents={"b": "a"})
    evaluation = judge(rows)
    bears = rows.truth > 0.5
    said = np.array([[name in answer for name in NAMES] for answer in rows.answers])
    assert value(evaluation, "subset_accuracy") == pytest.approx(metrics.accuracy_score(bears, said))
    assert value(evaluation, "hamming") == pytest.approx(metrics.hamming_loss(bears, said))
    assert value(evaluation, "macro_f1") == pytest.approx(metrics.f1_score(bears, said, average="macro"))
    assert value(evaluation, "micro_f1") == pytest.approx(metrics.f1_score(bears, said, average="micro"))
    assert value(evaluation, "hierarchy_consistency") == 1
    expected = metrics.multilabel_confusion_matrix(bears, said).reshape(3, 4)
    assert np.array(evaluation.confusion.counts).tolist() == expected.tolist()
    assert not evaluation.confusion.exclusive


def test_spans_are_scored_by_entities(judge):
    texts = ["take aspirin now", "no drug", "codeine helps", "nobody looked"]
    truth = [[{"start": 5, "end": 12, "label": "Drug"}], [], [{"start": 0, "end": 7, "label": "Drug"}], None]
    said = [(Span(5, 12, "Drug"),), (Span(3, 7, "Drug"),), (), ()]
    kind = pa.list_(pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())]))
    rows = LabelledRows(
        name="drugs",
        ids=list("1234"),
        texts=texts,
        labels=pa.array(truth, kind),
        columns=pa.table({"of": list("xxyy")}),
    )
    evaluation = judge(of_answers(rows, Spans(LabelSet(["Drug"])), said))
    assert value(evaluation, "micro_f1") == pytest.approx(0.5)  # one found, one missed, one too many
    assert value(evaluation, "exact_rows") == pytest.approx(1 / 3)
    assert (evaluation.scored, evaluation.calibration, evaluation.confusion) == (3, None, None)


def test_the_baseline_stands_beside_every_number(make_rows, judge):
    labels = drawn(400)
    weak, strong = make_rows(labels, strength=0.5, seed=1), make_rows(labels, strength=3)
    evaluation = judge(strong, baseline=weak)
    for score in evaluation.scores.values():
        assert score.baseline is not None
        assert score.difference is not None
    assert {evaluation.scores[name].verdict for name in ("accuracy", "macro_f1", "log_loss", "brier")} == {"better"}
    turned = judge(weak, baseline=strong)
    assert {turned.scores[name].verdict for name in ("accuracy", "macro_f1", "log_loss")} == {"worse"}
    assert "worse than a linear model" in " ".join(turned.essence)
    assert judge(strong, baseline=strong).scores["macro_f1"].verdict == "same"
    like = judge(weak, baseline=make_rows(labels, strength=0.5, seed=2))
    assert like.scores["macro_f1"].verdict == "open"
    assert "not surely better" in like.essence[1]
    assert Score(name="mae", model=Interval(1, 1, 1), difference=Interval(-1, -2, -0.5)).verdict == "better"


def test_silence_follows_the_least_sure_rows(make_rows, judge):
    labels = drawn(500)
    rows = make_rows(labels, strength=2)
    silence = judge(rows).silence
    sure = rows.probabilities.max(1)
    kept = np.argsort(-sure)[:400]
    error = rows.wrong[kept].mean()
    step = next(step for step in silence.steps if step.silent == 0.2)
    assert step.error.value == pytest.approx(error)
    assert step.saved.value == pytest.approx(1 - error / rows.wrong.mean())
    assert step.threshold == pytest.approx(sure[kept].min())
    running = np.cumsum(rows.wrong[np.argsort(-sure)]) / np.arange(1, 501)
    assert silence.area.value == pytest.approx(running.mean())
    assert silence.best_area < silence.area.value
    assert silence.points[-1][:2] == pytest.approx((1, rows.wrong.mean()))
    assert (silence.coverage.value, silence.reasons) == (1, {"confident": 500})


def test_rows_of_one_confidence_are_kept_or_left_together(make_rows):
    rows = make_rows(["a"] * 5 + ["b"] * 5, logits=[[1, 0, 0]] * 10)
    silence = silence_of(rows, Bootstrap.of(rows.known, resamples=100), answered=())
    assert [point[:2] for point in silence.points] == [(1.0, 0.5)]
    assert silence.area.value == pytest.approx(0.5)


def test_a_rule_that_keeps_silent_improves_no_score(make_rows, judge):
    labels = drawn(300)
    rule = Rule(goal="precision", thresholds=dict.fromkeys(NAMES, 0.8))
    promise = Promise(
        goal="precision", target=0.9, confidence=0.95, rows=9, measured=Measured(rows=9, value=1, low=0.7, high=1),
        verdict="open",
    )  # fmt: skip
    decider = Decider(rule=rule, promise=promise)
    always, careful = make_rows(labels), make_rows(labels, decider=decider)
    one, other = judge(always), judge(careful, decider=decider)
    assert value(other, "accuracy") == value(one, "accuracy")
    assert 0 < other.silence.coverage.value < 1
    assert other.silence.answered["accuracy"].value > value(other, "accuracy")
    assert other.silence.reasons["low_confidence"] == int((~careful.answered).sum())
    assert "As its rule stands it answers" in " ".join(other.essence)
    right = 1 - careful.wrong[careful.answered].mean()
    assert other.promise.value == pytest.approx(right)
    assert other.promise.low < right < other.promise.high
    assert other.promise.verdict in ("kept", "open", "broken")
    assert one.promise is None


def test_a_rule_that_never_answers_is_told(make_rows, judge):
    decider = Decider(rule=Rule(goal="precision", thresholds=dict.fromkeys(NAMES)))
    rows = make_rows(drawn(80), decider=decider)
    evaluation = judge(rows, decider=decider)
    assert evaluation.silence.coverage.value == 0
    assert "keeps silent on every row" in evaluation.essence[-1]
    assert value(evaluation, "accuracy") == pytest.approx(1 - rows.wrong.mean())


def test_calibrated_and_uncalibrated_stand_beside_each_other(make_rows, judge):
    decider = Decider(calibration=Calibration(method="temperature", scale=(3.0,)))
    labels = drawn(400)
    rows = make_rows(labels, strength=1, decider=decider)
    calibration = judge(rows, decider=decider).calibration
    assert calibration.method == "temperature"
    before = metrics.log_loss(labels, rows.uncalibrated, labels=NAMES)
    assert calibration.before["log_loss"].value == pytest.approx(before)
    assert calibration.after["log_loss"].value > calibration.before["log_loss"].value
    assert sum(entry.rows for entry in calibration.bins_after) == 400
    assert reliability_bins(rows, None) == ()


def test_worst_mistakes_are_the_surest_wrong_answers(make_rows, judge):
    rows = make_rows(drawn(200), strength=1)
    evaluation = judge(rows, settings=EvaluateSettings(resamples=100, mistakes=5))
    assert len(evaluation.mistakes) == 5
    sure = [mistake.confidence for mistake in evaluation.mistakes]
    assert sure == sorted(sure, reverse=True)
    assert sure[0] == rows.probabilities.max(1)[rows.wrong > 0].max()
    assert all(mistake.truth != mistake.answer for mistake in evaluation.mistakes)
    assert evaluation.without_texts().mistakes == ()


def test_rows_without_labels_count_for_nothing(make_rows, judge):
    labels = drawn(50)
    alone = judge(make_rows(labels, strength=1))
    logits = np.concatenate([make_rows(labels, strength=1).logits, np.zeros((10, 3))])
    more = judge(make_rows([*labels, *[None] * 10], logits=logits))
    assert (more.rows, more.scored) == (60, 50)
    for name in ("accuracy", "macro_f1", "log_loss", "ece"):
        assert value(more, name) == pytest.approx(value(alone, name))
    assert more.confusion == alone.confusion
    assert more.silence.area.value == pytest.approx(alone.silence.area.value)


def test_three_rows_are_judged_with_a_warning(make_rows, judge):
    evaluation = judge(make_rows(["a", "b", "a"], strength=9))
    assert value(evaluation, "accuracy") == 1
    assert evaluation.scores["accuracy"].model.low < 0.5
    warned = " ".join(evaluation.warnings)
    assert "Only 3 rows have a label" in warned
    assert "No row bears 'c'" in warned
    assert evaluation.lengths.shown == ()
    assert evaluation.lengths.small


def test_one_row_and_one_class_are_judged(make_rows, judge):
    alone = judge(make_rows(["a"]), baseline=make_rows(["a"], seed=3))
    assert alone.scored == 1
    assert "too few rows" in alone.essence[1]
    assert "nan" not in " ".join(alone.essence)
    evaluation = judge(make_rows(["a"] * 120, strength=1))
    assert "No row bears 'b', 'c'" in " ".join(evaluation.warnings)
    assert evaluation.curves == ()
    assert evaluation.to_dict()["scores"]["roc_auc"]["model"]["value"] is None


def test_warnings_name_what_spoils_a_score(make_rows, judge):
    rows = make_rows(drawn(150), texts=["", *["some text"] * 149], group=["x"] * 75 + ["y"] * 75)
    learned = np.zeros(150, np.bool_)
    learned[:30] = True
    evaluation = judge(rows, learned=learned)
    warned = "\n".join(evaluation.warnings)
    assert "30 of the texts (20 %) stand in the training rows too" in warned
    assert "1 row has no text" in warned
    assert "2 groups, too few to draw from" in warned
    assert evaluation.drawn_by == "texts"
    assert [part.rows for part in evaluation.leaked.shown] == [30, 120]


def test_the_essence_is_a_handful_of_sentences(make_rows, judge):
    labels = drawn(400)
    evaluation = judge(make_rows(labels, strength=2), baseline=make_rows(labels, strength=1, seed=4))
    assert 4 <= len(evaluation.essence) <= 6
    assert evaluation.essence[0].startswith("Of 400 rows of made@1:test, ")
    assert "above a linear model of words" in evaluation.essence[1]
