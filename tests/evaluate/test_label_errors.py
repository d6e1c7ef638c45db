"""Label errors: planted ones are found, rows are judged by models that never saw them, and bad input is told."""

from __future__ import annotations

import json
from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from tamis.core import DataError, LabelSet, UsageError
from tamis.evaluate import find_label_errors, label_errors_page
from tamis.evaluate.label_errors.doubts import doubt_labels
from tamis.evaluate.label_errors.folds import assign_folds, join_units
from tamis.tasks import MultiLabel, Ordinal, SingleLabel
from tamis.train import TextClassifier

WORDS = {
    "sport": ["ball", "goal", "team", "coach", "match", "league", "score", "player", "win", "race"],
    "food": ["bread", "soup", "salt", "oven", "taste", "plate", "sweet", "fry", "spice", "cook"],
    "tech": ["chip", "code", "screen", "cloud", "data", "robot", "phone", "network", "byte", "driver"],
}


def naive_bayes(task, texts, labels, others):
    """A real little judge: word counts of each label, smoothed."""
    names = task.label_set.names
    several = task.name == "multi_label"
    counts = {name: Counter() for name in names}
    rows = Counter()
    for text, label in zip(texts, labels, strict=True):
        for name in label if several else [label]:
            counts[name].update(text.split())
            rows[name] += 1
    vocabulary = {word for count in counts.values() for word in count}

    def log(name, text):
        total = sum(counts[name].values()) + len(vocabulary)
        return np.log(rows[name] / len(texts)) + sum(np.log((counts[name][w] + 1) / total) for w in text.split())

    scores = np.array([[log(name, text) for name in names] for text in others])
    if several:
        middle = (scores.max(axis=1, keepdims=True) + scores.min(axis=1, keepdims=True)) / 2
        return 1 / (1 + np.exp(-(scores - middle)))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def planted(rows=300, flips=20, seed=0):
    """Texts of five words of their label, and two of any; some labels are another one."""
    rng = np.random.default_rng(seed)
    names = sorted(WORDS)
    everything = [word for words in WORDS.values() for word in words]
    truth = [names[row % 3] for row in range(rows)]
    texts = [
        " ".join([*rng.choice(WORDS[name], 5), *rng.choice(everything, 2), f"n{row}", f"m{row}", f"k{row}"])
        for row, name in enumerate(truth)
    ]
    wrong = set(rng.choice(rows, flips, replace=False).tolist())
    labels = [names[(names.index(name) + 1) % 3] if row in wrong else name for row, name in enumerate(truth)]
    return texts, labels, truth, wrong


def test_planted_errors_are_found_and_their_labels_suggested(make_dataset):
    texts, labels, truth, wrong = planted()
    dataset = make_dataset(text=texts, label=labels, split=["train"] * 200 + ["test"] * 100)
    found = find_label_errors(dataset, naive_bayes, name="naive Bayes")
    suspects = {suspect.row - 1 for suspect in found.suspects}
    precision, recall = len(suspects & wrong) / len(suspects), len(suspects & wrong) / len(wrong)
    assert precision >= 0.9
    assert recall >= 0.9
    hits = [suspect for suspect in found.suspects if suspect.row - 1 in wrong]
    assert all(suspect.suggested == truth[suspect.row - 1] for suspect in hits)
    assert all(suspect.given == labels[suspect.row - 1] and suspect.text == texts[suspect.row - 1] for suspect in hits)
    assert all(suspect.id == str(suspect.row) for suspect in hits)
    assert [s.probability_given for s in found.suspects] == sorted(s.probability_given for s in found.suspects)
    assert sum(count for _, _, count in found.pairs) == len(found.suspects)


def test_splits_are_told_apart_with_what_mending_could_do(make_dataset):
    texts, labels, _, wrong = planted()
    dataset = make_dataset(text=texts, label=labels, split=["train"] * 200 + ["test"] * 100)
    found = find_label_errors(dataset, naive_bayes, name="naive Bayes")
    train, test = found.splits
    assert [split.split for split in found.splits] == ["train", "test"]
    assert (train.rows, test.rows) == (200, 100)
    assert test.suspects == sum(suspect.split == "test" for suspect in found.suspects)
    right = sum(row not in wrong for row in range(200, 300))
    assert test.score == pytest.approx(right / 100, abs=0.02)
    assert test.lowest <= test.score < test.highest == pytest.approx(test.score + test.suspects / 100)


def test_a_finished_model_judges_the_test_rows(make_dataset):
    texts, labels, truth, wrong = planted()

    class Knows:
        labels = ("other", "tech", "sport", "food")  # another order, and a label that is not here

        def __init__(self):
            self.asked = []

        def probabilities(self, asked):
            self.asked += asked
            scores = np.full((len(asked), 4), 0.01)
            for row, text in enumerate(asked):
                scores[row, self.labels.index(truth[texts.index(text)])] = 0.9
            return scores

    dataset = make_dataset(text=texts, label=labels, split=["train"] * 200 + ["test"] * 100)
    model = Knows()
    found = find_label_errors(dataset, naive_bayes, name="naive Bayes", model=model, model_name="knows")
    assert model.asked == texts[200:]
    assert {s.row - 1 for s in found.suspects if s.split == "test"} == {row for row in wrong if row >= 200}
    assert [split.judge for split in found.splits] == ["naive Bayes", "knows"]
    with pytest.raises(UsageError, match="no labelled rows in final; splits: train, test"):
        find_label_errors(dataset, naive_bayes, name="n", model=model, model_splits=["final"])


def test_no_row_is_judged_by_a_model_that_saw_it_its_copy_or_its_group(make_dataset):
    texts, labels, _, _ = planted(rows=90)
    texts[5] = texts[3] + " again"  # a near-duplicate of a row with another label
    groups = [None] * 90
    groups[10] = groups[11] = groups[5] = "one"
    seen = []

    def watched(task, some, given, others):
        seen.append((set(some), list(others)))
        return naive_bayes(task, some, given, others)

    find_label_errors(make_dataset(text=texts, label=labels, group=groups), watched, name="x", folds=4)
    assert sorted(text for _, others in seen for text in others) == sorted(texts)
    assert not any(set(others) & some for some, others in seen)
    together = {texts[3], texts[5], texts[10], texts[11]}
    assert sum(bool(together & set(others)) for _, others in seen) == 1


def test_ordered_labels_come_with_the_farthest_first():
    task = Ordinal(LabelSet(["1", "2", "3", "4", "5"]))
    rng = np.random.default_rng(0)
    truth = np.arange(200) % 5
    probabilities = np.exp(-1.5 * np.abs(np.arange(5) - truth[:, None])) + rng.random((200, 5)) * 0.02
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    labels = [str(number + 1) for number in truth]
    labels[0], labels[4], labels[7] = "3", "1", "2"  # from 1, 5 and 3: two, four and one off
    doubts = doubt_labels(task, labels, probabilities)
    assert doubts.rows[:2].tolist() == [4, 0]
    assert doubts.suggested[:2] == ["5", "1"]
    assert 7 in doubts.rows


def test_several_labels_a_text_are_judged_one_by_one():
    task = MultiLabel(LabelSet(["OFF", "TIN", "UNT"]), parents={"TIN": "OFF", "UNT": "OFF"})
    rows = [["OFF", "TIN"], ["OFF", "UNT"], []] * 40
    probabilities = np.array([[0.95, 0.9, 0.05], [0.95, 0.05, 0.9], [0.05, 0.03, 0.02]] * 40)
    rows[0], rows[2], rows[4] = [], ["OFF", "UNT"], ["OFF", "TIN"]
    doubts = doubt_labels(task, rows, probabilities)
    assert sorted(zip(doubts.rows.tolist(), doubts.suggested, strict=True)) == [
        (0, ("OFF", "TIN")),
        (2, ()),
        (4, ("OFF", "UNT")),
    ]
    assert (doubts.given < 0.2).all()


def test_several_labels_from_a_dataset(make_dataset):
    texts, labels, _, _ = planted(rows=120, flips=0)
    rows = [[label] for label in labels]
    rows[0] = ["tech"]
    for row in (1, 4, 7, 10):
        rows[row] = []
    found = find_label_errors(make_dataset(text=texts, label=rows), naive_bayes, name="x")
    assert {suspect.row for suspect in found.suspects} >= {1, 5, 11}
    assert found.table().schema.field("given").type == pa.list_(pa.string())
    json.dumps(found.to_dict())


def test_doubts_are_cleanlabs():
    from cleanlab.filter import find_label_issues

    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet([0.6] * 4, 400)
    codes = np.array([rng.choice(4, p=row) for row in probabilities])
    task = SingleLabel(LabelSet("abcd"))
    doubts = doubt_labels(task, task.decode(codes), probabilities)
    expected = find_label_issues(codes, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    assert doubts.rows.tolist() == expected.tolist()


def test_rare_labels_and_rows_without_label_are_left_out_and_told(make_dataset):
    texts, labels, _, _ = planted(rows=90)
    labels[0], labels[1], labels[2], texts[3] = "rare", "rare", None, " "
    found = find_label_errors(make_dataset(text=texts, label=labels), naive_bayes, name="x")
    assert found.rows == 86
    assert found.notes[:2] == (
        "2 rows without a label or a text",
        "'rare': fewer than 5 rows apart, so nothing can be said of them",
    )
    assert all(suspect.given != "rare" != suspect.suggested for suspect in found.suspects)
    assert [split.split for split in found.splits] == ["(none)"]


def test_copies_of_one_row_are_no_rows_apart(make_dataset):
    texts, labels, _, _ = planted(rows=60)
    texts += ["the very same text of a label that has no other"] * 9
    found = find_label_errors(make_dataset(text=texts, label=[*labels, *["copied"] * 9]), naive_bayes, name="x")
    assert "'copied'" in found.notes[0]


def test_judges_that_learned_nothing_are_told(make_dataset):
    rng = np.random.default_rng(0)
    texts = [f"a{n} b{n} c{n} d{n}" for n in range(80)]
    labels = rng.choice(["x", "y"], 80, p=[0.7, 0.3]).tolist()
    found = find_label_errors(make_dataset(text=texts, label=labels), naive_bayes, name="x")
    assert "they have learned nothing" in found.notes[-1]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"text": [f"text {n} of {n} words {n}" for n in range(30)]}, "has no label column"),
        ({"text": [f"t{n} u{n} v{n}" for n in range(30)], "label": ["a"] * 30}, "too little to judge its labels by"),
        (
            {"text": [f"t{n} u{n} v{n}" for n in range(8)], "label": ["a", "b"] * 4},
            r"Rows: a 4 \(4 apart\), b 4",
        ),
        ({"text": [None, ""] * 10, "label": ["a", "b"] * 10}, "too little"),
    ],
)
def test_what_cannot_be_judged_is_told(make_dataset, columns, message):
    with pytest.raises(DataError, match=message):
        find_label_errors(make_dataset(**columns), naive_bayes, name="x")


def test_one_fold_is_no_folds(make_dataset):
    with pytest.raises(UsageError, match="two folds or more"):
        find_label_errors(make_dataset(text=["a"], label=["b"]), naive_bayes, name="x", folds=1)


def test_folds_keep_units_whole_and_share_out_classes():
    rng = np.random.default_rng(0)
    units = np.unique(rng.integers(0, 400, 1000), return_inverse=True)[1]
    classes = rng.choice(3, 1000, p=[0.8, 0.15, 0.05])
    folds = assign_folds(units, classes, folds=5, seed=1)
    assert all(len(set(folds[units == unit])) == 1 for unit in range(units.max() + 1))
    for number in range(3):
        counts = np.bincount(folds[classes == number], minlength=5)
        assert counts.max() - counts.min() <= 6
    assert (assign_folds(units, classes, folds=5, seed=1) == folds).all()
    assert join_units(np.array([0, 1, 2, 3]), np.array([0, 0, 1, 2])).tolist() == [0, 0, 1, 2]


def test_the_page_escapes_what_it_shows(make_dataset):
    texts, labels, _, _ = planted()
    texts = [f"<script>alert({n})</script> {text}" for n, text in enumerate(texts)]
    dataset = make_dataset(text=texts, label=[f"<b>{label}" for label in labels])
    found = find_label_errors(dataset, naive_bayes, name="<i>judge")
    assert found.suspects
    html = label_errors_page(found).html()
    assert "<script>" not in html
    assert "<b>food" not in html
    assert "<i>judge" not in html
    assert "&lt;script&gt;" in html


def test_rows_to_review_are_a_table(make_dataset, tmp_path):
    texts, labels, _, _ = planted()
    found = find_label_errors(make_dataset(text=texts, label=labels), naive_bayes, name="x")
    table = found.table()
    assert len(table) == len(found.suspects)
    pq.write_table(table, tmp_path / "rows.parquet")
    assert pq.read_table(tmp_path / "rows.parquet").equals(table)
    assert table.column_names[:5] == ["row", "id", "split", "given", "suggested"]


@pytest.mark.slow
def test_the_command_with_a_linear_judge(tamis, make_dataset, tmp_path):
    texts, labels, _, wrong = planted()
    make_dataset(text=texts, label=labels, split=["train"] * 200 + ["test"] * 100)
    csv, parquet, html = tmp_path / "review.csv", tmp_path / "review.parquet", tmp_path / "page.html"
    done = tamis("data", "label-errors", "reviews", "-o", csv, "--html", html)
    assert done.code == 0, done.err
    rows = pyarrow.csv.read_csv(csv)
    found = {int(row) - 1 for row in rows["row"].to_pylist()}
    assert len(found & wrong) / len(found) >= 0.8
    assert len(found & wrong) / len(wrong) >= 0.8
    assert "Rows to review" in html.read_text()
    assert f"{len(found)} of 300 labels" in done.out
    done = tamis("data", "label-errors", "reviews", "-o", parquet, "--folds", "3", "--json")
    told = json.loads(done.out)
    assert (told["folds"], len(told["suspects"])) == (3, len(pq.read_table(parquet)))
    assert {split["split"] for split in told["splits"]} == {"train", "test"}
    TextClassifier(family="linear").fit(texts[:200], labels[:200]).save(tmp_path / "model")
    done = tamis("data", "label-errors", "reviews", "--model", tmp_path / "model", "--json")
    told = json.loads(done.out)
    assert "learned from memory" in told["notes"][0]
    assert {split["split"]: split["judge"] for split in told["splits"]}["test"] == str(tmp_path / "model")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("-o", "rows.xlsx"), 2, "as .csv or .parquet"),
        (("--folds", "1"), 2, "folds"),
        (("--model", "nobody"), 2, "no model 'nobody'"),
        ((), 1, "too little to judge its labels by"),
    ],
)
def test_wrong_use_of_the_command(tamis, make_dataset, words, code, message):
    make_dataset(text=["a b c", "d e f"], label=["x", "y"])
    done = tamis("data", "label-errors", "reviews", *words)
    assert (done.code, message in done.err) == (code, True), done.err
