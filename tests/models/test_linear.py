"""LinearModel: what it learns, that it comes back from disk with the same numbers, and its bad input."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tamis.core import DataError, LabelSet, UsageError
from tamis.models import check_learnable, fit_linear, load_linear
from tamis.tasks import task_for

WORDS = {"bad": "awful dull broken slow", "good": "lovely bright quick warm", "odd": "strange weird queer curious"}


def texts_of(labels, *, seed=0):
    random = np.random.default_rng(seed)
    every = ["the", "a", "film", "story", "of", "it", "is", "was"]
    return [
        " ".join([*random.choice(every, 6), *random.choice(WORDS[label].split(), 2)]) if label else "the film of it"
        for label in labels
    ]


def single(names=("bad", "good", "odd")):
    return task_for("single_label", LabelSet(names))


@pytest.mark.parametrize("names", [("bad", "good"), ("bad", "good", "odd"), ("odd", "bad", "good")])
def test_it_learns_and_comes_back_the_same(tmp_path, names):
    task = single(names)
    labels = list(names) * 20
    model, chosen = fit_linear(texts_of(labels), task.encode(labels), task)
    unseen = texts_of(labels, seed=1)
    assert task.choose(task.probabilities(model.logits(unseen))) == labels
    model.save(tmp_path)
    again = load_linear(tmp_path)
    np.testing.assert_array_equal(again.logits(unseen), model.logits(unseen))
    assert again.logits([]).shape == (0, len(names))
    assert again.logits(["", "ß東"]).tolist() == [model.bias.tolist()] * 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["linear.json", "model.safetensors"]
    assert chosen["terms"] == model.weights.shape[0]


def test_the_numbers_are_scikit_learns():
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from tamis.features import words

    for names in (("bad", "good"), ("bad", "good", "odd")):
        task, labels = single(names), list(names) * 15
        texts = texts_of(labels)
        model, _ = fit_linear(texts, task.encode(labels), task, characters=None, strengths=(2.0,))
        vectors = TfidfVectorizer(tokenizer=words, token_pattern=None, ngram_range=(1, 2), sublinear_tf=True)
        theirs = make_pipeline(vectors, LogisticRegression(C=2.0, max_iter=300)).fit(texts, labels)
        np.testing.assert_allclose(task.probabilities(model.logits(texts)), theirs.predict_proba(texts), atol=2e-3)


def test_ordinal_learns_the_order_as_labels():
    task = task_for("ordinal", LabelSet(["bad", "odd", "good"]))
    labels = ["bad", "odd", "good"] * 20
    model, _ = fit_linear(texts_of(labels), task.encode(labels), task)
    probabilities = task.probabilities(model.logits(texts_of(labels, seed=1)))
    assert task.choose(probabilities) == labels
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)


def test_multi_label_learns_each_label_by_itself():
    task = task_for("multi_label", LabelSet(["bad", "good", "always", "never"]))
    labels = [["bad", "always"], ["good", "always"], ["bad", "good", "always"], ["always"]] * 20
    texts = [" ".join(texts_of(row[:-1] or [""], seed=number)) for number, row in enumerate(labels)]
    model, _ = fit_linear(texts, task.encode(labels), task)
    assert task.choose(task.probabilities(model.logits(texts))) == [tuple(row) for row in labels]


def test_validation_chooses_the_strength_and_unlabelled_rows_are_left_out():
    task, labels = single(), ["bad", "good", "odd", None] * 20
    texts = texts_of(labels)
    good = (texts_of(labels, seed=1), task.encode(labels))
    random = np.random.default_rng(0)
    noise = (texts_of(labels, seed=1), task.encode(random.choice(["bad", "good", "odd"], len(labels)).tolist()))
    _, sure = fit_linear(texts, task.encode(labels), task, validation=good)
    _, unsure = fit_linear(texts, task.encode(labels), task, validation=noise)
    assert sure["strength"] == 64.0
    assert unsure["strength"] == 0.25
    assert sure["validation_loss"] < 0.1 < unsure["validation_loss"]


def test_pieces_of_words_find_what_is_misspelt_unless_there_is_very_much_text(monkeypatch):
    from tamis.models import linear_fit

    task, labels = single(), ["bad", "good", "odd"] * 20
    targets = task.encode(labels)
    misspelt = ["awfull dul brokn", "luvely brigt wram", "strnge weirdd queeer"]
    with_pieces, chosen = fit_linear(texts_of(labels), targets, task)
    assert task.choose(task.probabilities(with_pieces.logits(misspelt))) == ["bad", "good", "odd"]
    monkeypatch.setattr(linear_fit, "_TOO_LONG_FOR_PIECES", 100)
    words_only, fewer = fit_linear(texts_of(labels), targets, task)
    assert fewer["terms"] < chosen["terms"]
    assert [part.analyzer for part in words_only.parts] == ["words"]
    assert len({tuple(row) for row in words_only.logits(misspelt).tolist()}) == 1  # it knows none of these


def test_weights_of_labels_and_of_rows_count():
    task = single(("bad", "good"))
    labels = ["bad"] * 30 + ["good"] * 4
    texts = texts_of(["odd"] * len(labels))  # the words say nothing
    targets = task.encode(labels)

    def good(**settings):
        model, _ = fit_linear(texts, targets, task, strengths=(0.01,), **settings)
        return task.probabilities(model.logits(["the film"]))[0, 1]

    assert good() < 0.2
    assert good(label_weights=np.array([1.0, 7.5])) == pytest.approx(0.5, abs=0.05)
    assert good(row_weights=np.array([1.0] * 30 + [7.5] * 4)) == pytest.approx(0.5, abs=0.05)


def test_a_label_that_no_row_bears_is_less_likely_than_any():
    task, labels = single(), ["bad", "good"] * 10
    model, _ = fit_linear(texts_of(labels), task.encode(labels), task)
    assert (task.probabilities(model.logits(texts_of(["odd", "bad"])))[:, 2] < 0.05).all()


def test_the_words_of_a_label():
    task, labels = single(), ["bad", "good", "odd"] * 20
    model, _ = fit_linear(texts_of(labels), task.encode(labels), task)
    top = dict(model.top_words("good", count=8))
    assert set(WORDS["good"].split()) <= set(top)
    assert all(weight > 0 for weight in top.values())


def test_predicting_loads_neither_scikit_learn_nor_torch(tmp_path):
    task, labels = single(), ["bad", "good", "odd"] * 10
    model, _ = fit_linear(texts_of(labels), task.encode(labels), task)
    model.save(tmp_path)
    code = (
        "import sys; from pathlib import Path; from tamis.models import load_linear\n"
        f"load_linear(Path({str(tmp_path)!r})).logits(['a lovely film'])\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'torch', 'sklearn', 'scipy', 'transformers'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("task", "labels", "message"),
    [
        (single(), ["bad"] * 4, "all 4 training rows are labelled 'bad'"),
        (single(), ["bad", "bad", "good"], "only one training row is labelled 'good'"),
        (single(), [None, None], "no training row has a label"),
        (task_for("ordinal", LabelSet(["1", "2", "3"])), ["1", "1", "3"], "only one training row is labelled '3'"),
        (task_for("ordinal", LabelSet(["1", "2", "3"])), ["2", None, "2"], "all 2 training rows are labelled '2'"),
        (task_for("multi_label", LabelSet(["x", "y"])), [["x"], ["x"]], "there is nothing to tell apart"),
    ],
)
def test_rows_that_teach_nothing(task, labels, message):
    targets = task.encode(labels)
    with pytest.raises(DataError, match=message):
        check_learnable(task, targets)
    if message.startswith("only one"):  # a part of the rows, as in cross-fitting, may hold a label once
        fit_linear(["some text"] * len(labels), targets, task)
        return
    with pytest.raises(DataError, match=message):
        fit_linear(["some text"] * len(labels), targets, task)


def test_empty_texts_have_no_vocabulary():
    task = single(("bad", "good"))
    with pytest.raises(DataError, match="no vocabulary: 4 texts without a word"):
        fit_linear(["", " ", "", ""], task.encode(["bad", "good"] * 2), task)


def test_a_strength_must_be_above_nothing():
    task = single(("bad", "good"))
    with pytest.raises(UsageError, match="numbers above 0"):
        fit_linear(["a", "b"] * 2, task.encode(["bad", "good"] * 2), task, strengths=(0.0,))


@pytest.fixture
def saved(tmp_path):
    task, labels = single(), ["bad", "good", "odd"] * 10
    fit_linear(texts_of(labels), task.encode(labels), task)[0].save(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said.pop("labels"),
        lambda said: said["labels"].append("more"),
        lambda said: said["parts"][0]["terms"].pop(),
        lambda said: said["parts"][0].update(analyzer="pickle"),
        lambda said: said["parts"][0].update(ngrams="x"),
        lambda said: said.update(parts=3),
    ],
)
def test_a_damaged_vocabulary_is_refused(saved, change):
    said = json.loads((saved / "linear.json").read_text())
    change(said)
    (saved / "linear.json").write_text(json.dumps(said))
    with pytest.raises(DataError, match="is damaged"):
        load_linear(saved)


def test_another_format_or_no_model_is_refused(saved):
    said = json.loads((saved / "linear.json").read_text())
    (saved / "linear.json").write_text(json.dumps({**said, "format": 9}))
    with pytest.raises(DataError, match="has format 9; this Tamis reads 1"):
        load_linear(saved)
    (saved / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"no model\.safetensors"):
        load_linear(saved)
    with pytest.raises(DataError, match=r"no linear\.json"):
        load_linear(saved / "nowhere")


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_any_damage_to_the_numbers_is_refused_or_harmless(tmp_path_factory, data):
    folder = tmp_path_factory.getbasetemp() / "fuzzed"
    if not folder.exists():
        task, labels = single(), ["bad", "good", "odd"] * 10
        fit_linear(texts_of(labels), task.encode(labels), task)[0].save(folder)
        (folder / "sound").write_bytes((folder / "model.safetensors").read_bytes())
    content = bytearray((folder / "sound").read_bytes())
    place = data.draw(st.integers(0, min(len(content) - 1, 400)))
    content[place] = data.draw(st.integers(0, 255))
    (folder / "model.safetensors").write_bytes(content[: data.draw(st.sampled_from([len(content), place + 1]))])
    try:
        model = load_linear(folder)
    except DataError:
        return
    assert model.logits(["a lovely film"]).shape == (1, 3)
