"""TextClassifier: scikit-learn's tools take it as one of their own, and its bundles are like all others."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pytest

import tamis
from tamis import TextClassifier
from tamis.core import DataError, UsageError

GOOD = ["a fine film", "a warm and fine play", "what a joy", "fine and warm"]
BAD = ["a dull film", "a cold and dull play", "what a bore", "dull and cold"]
TEXTS = [f"{text} {number}" for number in range(5) for text in (*GOOD, *BAD)]
LABELS = [name for _ in range(5) for name in ["good"] * 4 + ["bad"] * 4]


def linear(**parameters):
    return TextClassifier(family="linear", **parameters)


@pytest.fixture(scope="module")
def fitted():
    return linear().fit(TEXTS, LABELS)


def test_it_predicts_labels_and_probabilities(fitted):
    assert fitted.classes_.tolist() == ["bad", "good"]
    assert fitted.predict(["fine and warm", "dull and cold"]).tolist() == ["good", "bad"]
    probabilities = fitted.predict_proba(TEXTS)
    assert probabilities.shape == (40, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(fitted.classes_[probabilities.argmax(axis=1)], fitted.predict(TEXTS))
    assert fitted.score(TEXTS, LABELS) == 1.0


@pytest.mark.parametrize(
    "form",
    [list, tuple, np.array, lambda x: np.array(x, dtype=object), lambda x: np.array(x).reshape(-1, 1), pa.array],
    ids=["list", "tuple", "array", "objects", "column", "arrow"],
)
def test_texts_and_labels_come_in_any_form(form, fitted):
    labels = LABELS if form is pa.array else form(LABELS)
    model = linear().fit(form(TEXTS), labels)
    np.testing.assert_allclose(model.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_series_and_frames_with_missing_values_are_understood():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"text": [*TEXTS, None], "stars": [*(5.0 if name == "good" else 1.0 for name in LABELS), 5]}
    )
    frame.loc[0, "stars"] = np.nan
    model = linear(task="ordinal").fit(frame["text"], frame["stars"])
    assert model.classes_.tolist() == [1.0, 5.0]
    assert model.predict(frame["text"][1:3]).tolist() == [5.0, 5.0]
    assert any("1 train row without a label" in warning for warning in model.warnings_)
    model.fit(frame[["text"]], frame[["stars"]])


@pytest.mark.parametrize("values", [[0, 1], [True, False], [2.5, 10.0]], ids=str)
def test_labels_keep_their_type(values):
    labels = [values[name == "good"] for name in LABELS]
    model = linear().fit(TEXTS, labels)
    assert model.classes_.tolist() == sorted(values)
    assert model.predict(TEXTS).dtype == np.array(values).dtype
    assert model.score(TEXTS, labels) == 1.0


def test_several_labels_a_text_as_lists_or_as_a_table():
    lists = [[name, "long"] if "play" in text else [name] for text, name in zip(TEXTS, LABELS, strict=True)]
    model = linear().fit(TEXTS, lists)
    assert model.classes_.tolist() == ["bad", "good", "long"]
    assert [set(labels) for labels in model.predict(TEXTS[:2])] == [{"good"}, {"good", "long"}]
    assert model.score(TEXTS, lists) == 1.0
    table = np.array([[name in labels for name in model.classes_] for labels in lists]).astype(int)
    tabled = linear().fit(TEXTS, table)
    np.testing.assert_array_equal(tabled.predict(TEXTS), table)
    assert tabled.predict_proba(TEXTS).shape == (40, 3)
    assert tabled.score(TEXTS, table) == 1.0


def test_a_child_label_brings_its_parent():
    lists = [["off", "insult"] if name == "bad" else [] for name in LABELS]
    model = linear(parents={"insult": "off"}).fit(TEXTS, lists)
    assert {tuple(sorted(labels)) for labels in model.predict(TEXTS)} == {("insult", "off"), ()}


def test_scikit_learn_clones_and_sets_parameters():
    from sklearn.base import clone, is_classifier

    model = linear(seed=3, settings={"smoothing": 0.1})
    copy = clone(model)
    assert copy is not model
    assert copy.get_params() == model.get_params()
    assert is_classifier(model)
    assert model.set_params(seed=4) is model
    assert model.seed == 4
    assert repr(model) == "TextClassifier(family='linear', seed=4, settings={'smoothing': 0.1})"
    with pytest.raises(ValueError, match=r"no parameter 'sed'.*Did you mean 'seed'"):
        model.set_params(sed=1)


def test_scikit_learns_own_checks_of_an_estimators_form():
    """Those of its checks that need no table of numbers."""
    from sklearn.utils import estimator_checks as checks

    for check in (
        checks.check_estimator_cloneable,
        checks.check_estimator_repr,
        checks.check_no_attributes_set_in_init,
        checks.check_get_params_invariance,
        checks.check_set_params,
        checks.check_parameters_default_constructible,
        checks.check_estimator_tags_renamed,
        checks.check_valid_tag_types,
    ):
        check("TextClassifier", linear())


def test_cross_validation_grid_search_and_pipelines_take_it():
    from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    texts, labels = np.array(TEXTS, dtype=object), np.array(LABELS)
    assert cross_val_score(linear(), texts, labels, cv=2).mean() == 1.0
    assert cross_val_score(linear(), TEXTS, LABELS, cv=2, scoring="f1_macro").mean() == 1.0
    assert cross_val_score(linear(), TEXTS, LABELS, cv=2, scoring="neg_log_loss").mean() < 0
    assert cross_val_predict(linear(), TEXTS, LABELS, cv=2, method="predict_proba").shape == (40, 2)
    search = GridSearchCV(linear(), {"class_weights": ["none", "balanced"], "validation": [0.0, 0.2]}, cv=2)
    search.fit(TEXTS, LABELS)
    assert len(search.cv_results_["params"]) == 4
    assert search.best_estimator_.predict(["fine and warm"]).tolist() == ["good"]
    lower = FunctionTransformer(lambda rows: [text.lower() for text in rows])
    pipeline = make_pipeline(lower, linear()).fit([text.upper() for text in TEXTS], LABELS)
    assert pipeline.score([text.upper() for text in TEXTS], LABELS) == 1.0
    pipeline.set_params(textclassifier__seed=5)


def test_sample_weights_count():
    texts, labels = ["even"] * 8, ["yes", "no"] * 4
    heavy = linear(validation=0).fit(texts, labels, sample_weight=[9.0, 1.0] * 4)
    assert heavy.predict_proba(["even"])[0, 1] > 0.8
    assert heavy.score(texts, labels, sample_weight=[9.0, 1.0] * 4) == pytest.approx(0.9)


def test_a_saved_model_is_a_bundle_and_comes_back(fitted, tmp_path):
    place = fitted.save(tmp_path / "model")
    again = TextClassifier.load(place)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert again.classes_.tolist() == ["bad", "good"]
    assert again.family == "linear"
    assert tamis.Classifier.open(place).predict(["fine and warm"])[0].label == "good"
    with pytest.raises(UsageError, match="is there already; nothing was written"):
        fitted.save(place)
    packed = TextClassifier.load(fitted.save(tmp_path / "model.tamis"))
    np.testing.assert_array_equal(packed.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    numbers = linear().fit(TEXTS, [int(name == "good") for name in LABELS])
    assert TextClassifier.load(numbers.save(tmp_path / "numbers")).predict(["fine and warm"]).tolist() == [1]


def test_a_fitted_model_travels_to_another_process(fitted):
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    unfitted = pickle.loads(pickle.dumps(linear(seed=2)))
    assert unfitted.seed == 2
    assert not unfitted.__sklearn_is_fitted__()


def test_predictions_are_those_of_every_other_surface(fitted):
    (said,) = fitted.predictions(["fine and warm"])
    assert isinstance(said, tamis.Prediction)
    assert said.label == "good"
    assert said.model == fitted.bundle_.name


def test_the_same_seed_gives_the_same_model_and_rows_held_back_are_a_share_of_each_class(fitted):
    again = linear().fit(TEXTS, LABELS)
    np.testing.assert_array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))
    assert again.bundle_.manifest.lineage.fingerprint == fitted.bundle_.manifest.lineage.fingerprint


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a", "b"], ["x"], "2 texts came with 1 labels"),
        (["a", 3.5], ["x", "y"], "text 1 .from 0. is no text but float: 3.5"),
        ("abc", ["x", "y", "z"], "texts come as a list"),
        (["a", "b"], ["x", "x"], "every training row of the texts given to fit has the one label 'x'"),
        (["", None], ["x", "y"], "all 2 labelled training rows of the texts given to fit have no text"),
        (["a", "b"], [None, float("nan")], "none of the 2 training rows of the texts given to fit has a label"),
        (["a", "b"], ["x", 2], "labels are of several types"),
        (["a", "b"], np.array([[1, 2], [0, 1]]), "a table of labels holds 0 and 1"),
    ],
)
def test_what_cannot_be_learnt_from_is_told(texts, labels, message):
    with pytest.raises((UsageError, DataError), match=message):
        linear(validation=0).fit(texts, labels)


def test_an_unfitted_model_says_so():
    with pytest.raises(UsageError, match="this TextClassifier is not fitted yet"):
        linear().predict(["a"])
