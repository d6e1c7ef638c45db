"""Every kind of label goes through train_model: several a text with their hierarchy, and steps of a scale."""

from __future__ import annotations

import pytest

from tamis.core import LabelSet, UsageError
from tamis.predict import Classifier
from tamis.train import TrainSettings, train_model

LINEAR = TrainSettings(family="linear", trackers=())
SPLITS = ["train", "train", "train", "validation"] * 10


def test_several_labels_a_text_keep_their_hierarchy(workspace, make_dataset):
    text = [f"{('you fool', 'damn it', 'a fine day', 'how kind')[n % 4]} {n}" for n in range(40)]
    label = [[["INSULT"], ["OFF"], [], []][n % 4] for n in range(40)]
    dataset = make_dataset("posts", text=text, label=label, split=sorted(SPLITS, key=SPLITS.index))
    assert dataset.manifest.task == "multi_label"
    settings = LINEAR.model_copy(update={"parents": {"INSULT": "OFF"}})
    run = train_model(workspace, dataset, settings)
    assert run.main_metric == "macro_f1"
    assert {"macro_f1", "subset_accuracy", "micro_f1", "hierarchy_consistency"} <= set(run.validation)
    assert run.validation["hierarchy_consistency"] == 1.0
    said = Classifier.open(run.bundle).predict(["you fool", "damn it", "how kind"])
    assert [set(prediction.label) for prediction in said] == [{"INSULT", "OFF"}, {"OFF"}, set()]
    assert run.bundle.manifest.task.parents == {"INSULT": "OFF"}
    with pytest.raises(UsageError, match="there is no label 'OF'"):
        train_model(workspace, dataset, LINEAR.model_copy(update={"parents": {"INSULT": "OF"}}))


def test_steps_of_a_scale_are_learnt_in_their_order(workspace, make_dataset):
    words = ["awful", "so so", "great"]
    dataset = make_dataset(
        "stars",
        task="ordinal",
        text=[f"{words[n % 3]} film {n}" for n in range(40)],
        label=[str(n % 3 + 1) for n in range(40)],
        split=SPLITS,
    )
    assert dataset.label_set == LabelSet(["1", "2", "3"])
    run = train_model(workspace, dataset, LINEAR)
    assert {"mae", "quadratic_kappa", "accuracy"} <= set(run.validation)
    assert "micro_f1" not in run.validation, "with one label a text it is the accuracy"
    assert run.score == run.validation[run.main_metric]
    said = Classifier.open(run.bundle).predict(["a great film", "an awful film"])
    assert [prediction.label for prediction in said] == ["3", "1"]


def test_parents_where_labels_exclude_each_other_are_refused(workspace, make_dataset):
    dataset = make_dataset(text=["a b", "c d"] * 4, label=["x", "y"] * 4, split=["train"] * 8)
    with pytest.raises(UsageError, match="the task 'single_label' takes no parents"):
        train_model(workspace, dataset, LINEAR.model_copy(update={"parents": {"x": "y"}}))


def test_spans_are_not_labels_of_whole_texts(workspace, make_dataset):
    import pyarrow as pa

    from tamis.data import Span

    marked = pa.array([[{"start": 0, "end": 1, "label": "X"}]] * 4, pa.list_(Span))
    dataset = make_dataset("marked", text=["a b", "c d"] * 2, label=marked, split=["train"] * 4)
    with pytest.raises(UsageError, match="marks spans of text; `tamis train` learns labels of whole texts"):
        train_model(workspace, dataset, LINEAR)
