"""Comparing two models: differences that are there are told, and those that are not are not."""

from __future__ import annotations

import json
from math import comb

import numpy as np
import pyarrow as pa
import pytest

from tamis.core import LabelSet, UsageError
from tamis.evaluate import LabelledRows, compare_models, comparison_page, scored
from tamis.evaluate.compare import McNemar, holm, swap_test
from tamis.evaluate.intervals import Bootstrap
from tamis.evaluate.slices import Part
from tamis.predict import RawScores
from tamis.tasks import MultiLabel, Ordinal, SingleLabel
from tamis.train import TextClassifier

NAMES = ("a", "b", "c")


def answers(codes, truth, *, model, names=NAMES, task=None, groups=None, texts=None, labels=None, sure=2.0):
    """Rows with a model's answers: the logit of each answer stands out."""
    count = len(truth)
    logits = np.zeros((count, len(names)), np.float32)
    logits[np.arange(count), codes] = sure
    columns = {} if groups is None else {"group": groups}
    rows = LabelledRows(
        name="data",
        ids=[str(row) for row in range(count)],
        texts=texts or [f"text {row}" for row in range(count)],
        labels=pa.array(labels if labels is not None else [NAMES[code] for code in truth]),
        columns=pa.table(columns) if columns else pa.table({"n": pa.array(range(count))}),
    )
    raw = RawScores(logits, None, np.full(count, 2, np.int32), np.zeros(count, np.bool_), np.zeros(count, np.bool_))
    return scored(rows, task or SingleLabel(LabelSet(names)), raw, model=model)


def noisy(truth, right, random):
    """Answers that are right so often."""
    wrong = (truth + random.integers(1, 3, len(truth))) % 3
    return np.where(random.random(len(truth)) < right, truth, wrong)


def test_mcnemar_is_the_binomial_test():
    from scipy.stats import binomtest

    # twice the smaller tail, as statsmodels' mcnemar(exact=True) has it
    for lost, gained in ((5, 14), (0, 7), (3, 3), (40, 20), (1, 0)):
        both = lost + gained
        expected = min(1.0, 2 * sum(comb(both, fewer) for fewer in range(min(lost, gained) + 1)) / 2**both)
        assert McNemar(lost, gained).p == pytest.approx(expected)
    assert McNemar(0, 0).p == 1.0
    odds, low, high = McNemar(5, 10).odds()
    exact = binomtest(10, 15).proportion_ci(0.95, method="exact")
    assert (odds, low, high) == pytest.approx((2.0, exact.low / (1 - exact.low), exact.high / (1 - exact.high)))
    assert McNemar(0, 4).odds()[0] == float("inf")


def test_holm_is_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_the_interval_is_scipys_paired_bootstrap():
    from scipy.stats import bootstrap

    random = np.random.default_rng(0)
    truth = random.integers(0, 3, 400)
    first, second = noisy(truth, 0.7, random), noisy(truth, 0.8, random)
    found = compare_models(
        answers(first, truth, model="A"), answers(second, truth, model="B"), resamples=4000, seed=1
    )  # fmt: skip
    accuracy = next(d for d in found.differences if d.measure == "accuracy")
    difference = (second == truth).astype(float) - (first == truth)
    expected = bootstrap((difference,), np.mean, n_resamples=4000, method="percentile", rng=1).confidence_interval
    assert accuracy.by.value == pytest.approx(difference.mean())
    assert (accuracy.by.low, accuracy.by.high) == pytest.approx((expected.low, expected.high), abs=0.006)


def test_a_planted_difference_is_found_and_told():
    random = np.random.default_rng(1)
    truth = random.integers(0, 3, 500)
    first = noisy(truth, 0.7, random)
    second = np.where(random.random(500) < 0.4, truth, first)  # mends two in five of all
    found = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"))
    assert found.better == "second"
    assert found.mcnemar.lost == 0
    assert found.verdict.startswith("B is better by 0.")
    assert "macro F1" in found.verdict
    assert compare_models(answers(second, truth, model="B"), answers(first, truth, model="A")).better == "first"
    log_loss = next(d for d in found.differences if d.measure == "log_loss")
    assert (log_loss.better, log_loss.by.value < 0) == ("second", True)


@pytest.mark.slow
def test_models_that_are_alike_are_called_different_in_less_than_one_case_in_twenty():
    random = np.random.default_rng(2)
    false = 0
    for _ in range(100):
        truth = random.integers(0, 3, 120)
        first, second = noisy(truth, 0.8, random), noisy(truth, 0.8, random)
        found = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"), resamples=200)
        false += found.better != "neither"
    assert false <= 5


def test_a_model_and_itself():
    truth = np.arange(90) % 3
    one = answers(truth, truth, model="A")
    found = compare_models(one, answers(truth, truth, model="B"))
    assert (found.better, found.p, found.mcnemar.p, found.rows_needed) == ("neither", 1.0, 1.0, None)
    assert found.verdict == "A and B say the same of all 90 rows"
    assert found.changed == ()
    json.dumps(found.to_dict(), allow_nan=False)


def test_what_cannot_be_told_says_how_many_rows_it_would_take():
    random = np.random.default_rng(3)
    truth = random.integers(0, 3, 190)
    first = noisy(truth, 0.80, random)
    second = first.copy()
    mended = np.flatnonzero(first != truth)[:3]
    second[mended] = truth[mended]
    broken = np.flatnonzero(first == truth)[:2]
    second[broken] = (truth[broken] + 1) % 3
    found = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"))
    assert found.better == "neither"
    assert "no difference can be told on 190 rows" in found.verdict
    assert found.rows_needed is not None
    assert found.rows_needed > 1000
    assert f"about {found.rows_needed:,} rows" in found.verdict


def test_rows_needed_and_detectable_by_hand():
    random = np.random.default_rng(4)
    truth = random.integers(0, 3, 2000)
    first, second = noisy(truth, 0.80, random), noisy(truth, 0.82, random)
    found = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"), resamples=2000)
    difference = (second == truth).astype(float) - (first == truth)
    spread = difference.std() / np.sqrt(2000)
    assert found.detectable == pytest.approx((1.96 + 0.8416) * spread, rel=0.1)


def test_rows_that_changed():
    truth = np.array([0, 1, 2, 0, 1, 2] * 10)
    first, second = truth.copy(), truth.copy()
    first[0], second[1] = 2, 0
    first[2], second[2] = 0, 1  # both wrong
    found = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"))
    assert {(row.id, row.gained, row.first, row.second, row.truth) for row in found.changed} == {
        ("0", True, "c", "a", "a"),
        ("1", False, "b", "a", "b"),
    }
    assert dict(found.answers) == {("c", "a"): 1, ("b", "a"): 1, ("a", "b"): 1}
    assert found.same == 57
    assert (found.mcnemar.lost, found.mcnemar.gained) == (1, 1)
    gained = next(row for row in found.changed if row.gained)
    assert gained.moved > 0 > next(row for row in found.changed if not row.gained).moved


def test_labels_and_slices_each_with_its_difference():
    random = np.random.default_rng(5)
    truth = np.arange(600) % 3
    first = noisy(truth, 0.7, random)
    second = first.copy()
    half = np.arange(600) < 300
    mended = half & (truth == 1)
    second[mended] = 1
    rest = Part("half", "second half", ~half)
    small = Part("half", "few", np.arange(600) < 10)
    found = compare_models(
        answers(first, truth, model="A"),
        answers(second, truth, model="B"),
        parts=[Part("half", "first half", half), rest, small],
    )
    assert [part.name for part in found.slices] == ["first half", "second half"]
    one, other = found.slices
    assert (one.rows, one.difference.better, other.difference.better) == (300, "second", "neither")
    assert (other.mcnemar.lost, other.mcnemar.gained, other.difference.by.value) == (0, 0, 0)
    assert one.p >= one.mcnemar.p
    labels = {part.name: part for part in found.labels}
    assert labels["b"].difference.better == "second"
    assert labels["b"].mcnemar.gained > 0
    assert labels["a"].mcnemar.gained == 0
    from sklearn.metrics import f1_score

    assert labels["b"].difference.second == pytest.approx(f1_score(truth, second, average=None)[1])


def test_groups_widen_the_interval():
    random = np.random.default_rng(7)
    truth = np.repeat(random.integers(0, 3, 40), 10)
    right = np.repeat(random.random((2, 40)) < [[0.65], [0.8]], 10, axis=1)
    first, second = (np.where(one, truth, (truth + 1) % 3) for one in right)
    groups = np.repeat([f"g{n}" for n in range(40)], 10)
    alone = compare_models(answers(first, truth, model="A"), answers(second, truth, model="B"))
    grouped = compare_models(
        answers(first, truth, model="A", groups=groups), answers(second, truth, model="B", groups=groups)
    )
    assert (grouped.by, grouped.units) == ("groups", 40)
    assert grouped.main.by.high - grouped.main.by.low > 2 * (alone.main.by.high - alone.main.by.low)
    assert grouped.p > alone.p
    assert any("whole groups" in note for note in grouped.notes)


def test_labels_in_another_order_are_the_same_labels():
    truth = np.arange(90) % 3
    other = answers(np.array([2, 1, 0])[truth], truth, model="B", names=("c", "b", "a"))
    found = compare_models(answers(truth, truth, model="A"), other)
    assert found.verdict == "A and B say the same of all 90 rows"
    assert all(d.by.value == pytest.approx(0, abs=1e-9) for d in found.differences)


def test_other_labels_are_judged_on_what_both_know():
    truth = np.arange(90) % 3
    narrow_labels = [None if code == 2 else NAMES[code] for code in truth]  # as rows are read for a model without c
    narrow = answers(np.minimum(truth, 1), truth, model="B", names=("a", "b"), labels=narrow_labels)
    found = compare_models(answers(truth, truth, model="A"), narrow)
    assert found.rows == 60
    assert found.notes[0] == "only A knows 'c'; both are judged on what both know"
    assert "30 rows whose label only one of them knows" in found.notes[1]
    assert all(row.truth != "c" for row in found.changed)


def test_what_cannot_be_compared_is_told():
    truth = np.arange(9) % 3
    one = answers(truth, truth, model="A")
    with pytest.raises(UsageError, match="A was asked 9 rows and B 6"):
        compare_models(one, answers(truth[:6], truth[:6], model="B"))
    with pytest.raises(UsageError, match="row 1 is another text for B"):
        compare_models(one, answers(truth, truth, model="B", texts=["x"] * 9))
    ordinal = answers(truth, truth, model="B", task=Ordinal(LabelSet(NAMES)))
    with pytest.raises(UsageError, match="A is a single_label model and B a ordinal one"):
        compare_models(one, ordinal)
    with pytest.raises(UsageError, match="orders the labels"):
        compare_models(ordinal, answers(truth % 2, truth, model="C", names=("a", "b"), task=Ordinal(LabelSet("ab"))))
    with pytest.raises(UsageError, match="no row of data has a label"):
        compare_models(one, answers(truth, truth, model="B", labels=[None] * 9 + []))


def test_ordered_and_several_labels():
    truth = np.arange(60) % 3
    worse = np.where(np.arange(60) < 20, (truth + 1) % 3, truth)
    task = Ordinal(LabelSet(NAMES))
    found = compare_models(answers(worse, truth, model="A", task=task), answers(truth, truth, model="B", task=task))
    assert found.main.measure == task.main_metric
    assert found.better == "second"
    several = MultiLabel(LabelSet(NAMES))
    labels = [[NAMES[code]] for code in truth]
    first = answers(worse, truth, model="A", task=several, labels=labels)
    found = compare_models(first, answers(truth, truth, model="B", task=several, labels=labels))
    assert found.rows == 60
    assert {part.name for part in found.labels} == set(NAMES)
    json.dumps(found.to_dict(), allow_nan=False)


def test_swapping_by_chance_is_exact_where_it_can_be_counted():
    truth = np.zeros(8, np.int64)
    truth[4:] = 1
    first, second = truth.copy(), truth.copy()
    first[:3] = 1  # three rows that only the second gets right: 2 of 8 ways to swap are as far off
    one, other = answers(first, truth, model="A"), answers(second, truth, model="B")
    bootstrap = Bootstrap.of(one.known, resamples=100)
    assert swap_test(one, other, "accuracy", bootstrap, draws=4000) == pytest.approx(0.25, abs=0.03)


@pytest.fixture
def models(tmp_path):
    """Two linear models, one of which learned from labels turned round, and a file to judge them on."""
    random = np.random.default_rng(0)
    tone = {"good": ["lovely", "warm", "fine"], "bad": ["dull", "thin", "poor"]}
    rest = ["film", "cast", "scene", "plot", "music", "story", "actor", "camera", "light", "ending"]
    labels = random.choice(["good", "bad"], 160).tolist()
    texts = [" ".join([random.choice(tone[label]), *random.choice(rest, 4, replace=False)]) for label in labels]
    for name, taught in (("fit", labels[:80]), ("unfit", [["good", "bad"][label == "good"] for label in labels[:80]])):
        TextClassifier(family="linear").fit(texts[:80], taught).save(tmp_path / name)
    lines = [f"{row},{text},{label}" for row, (text, label) in enumerate(zip(texts, labels, strict=True))]
    (tmp_path / "rows.csv").write_text("\n".join(["id,text,label", *lines[80:]]) + "\n")
    return tmp_path


@pytest.mark.slow
def test_the_command(tamis, models):
    fit, unfit, rows = models / "fit", models / "unfit", models / "rows.csv"
    done = tamis("compare", unfit, fit, rows, "--label", "label", "--slice", "short: words < 9", "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["better"] == "second"
    assert told["rows"] == 80
    assert told["main"]["second"] > 0.9 > 0.1 > told["main"]["first"]
    assert "slice" in {part["by"] for part in told["slices"]}
    page = models / "page.html"
    done = tamis("compare", fit, unfit, rows, "--html", page, "--require", "not-worse")
    assert done.code == 3
    assert "unfit is worse: " in done.err
    assert "is better by" in done.out
    assert "Rows lost" in page.read_text()
    done = tamis("compare", fit, fit, rows, "--require", "not-worse", "--html", page)
    assert (done.code, "is there already" in done.err) == (2, True)
    assert tamis("compare", fit, fit, rows, "--require", "not-worse").code == 0
    linear_runs_by_itself = tamis("compare", fit, fit, rows, "predict.engine=torch", "predict.device=cuda")
    assert linear_runs_by_itself.code == 0, linear_runs_by_itself.err
    assert tamis("compare", fit, fit, rows, "--require", "better").code == 3
    assert tamis("compare", fit, "nobody", rows).code == 2


def test_the_page_escapes_what_it_shows():
    truth = np.arange(60) % 3
    names = ("<b>a", "b", "c")
    labels = [names[code] for code in truth]
    texts = [f"<script>alert({row})</script>" for row in range(60)]
    task = SingleLabel(LabelSet(names))
    first = answers((truth + 1) % 3, truth, model="<i>A", names=names, task=task, texts=texts, labels=labels)
    second = answers(truth, truth, model="B", names=names, task=task, texts=texts, labels=labels)
    html = comparison_page(compare_models(first, second)).html()
    assert "<script>" not in html
    assert "<i>A" not in html
    assert "<b>a" not in html
    assert "&lt;script&gt;" in html
