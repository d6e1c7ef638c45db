"""Probes: the head that was fitted is the head that is saved, for every type; and it reads the mean of the tokens."""

from __future__ import annotations

import numpy as np
import pytest

from tamis.core import DataError, LabelSet, UsageError
from tamis.features import LongText, load_tokenizer, tokenize
from tamis.models import build_probe, fit_head, layers_of, probe_features, save_encoder, set_head
from tamis.tasks import task_for

TYPES = ("bert", "roberta", "distilbert", "deberta", "deberta-v2", "modernbert")
LABELS = {"single_label": ["bad", "good"], "ordinal": ["bad", "odd", "good"], "multi_label": ["bad", "good"]}


def batch(folder, texts):
    import torch

    tokenizer = load_tokenizer(folder)
    rows = tokenize(texts, tokenizer, LongText(max_tokens=32))
    ids, mask = rows.padded(list(range(len(rows))), pad=tokenizer.pad)
    return torch.from_numpy(ids), torch.from_numpy(mask)


def rows_of(name, count=60):
    random = np.random.default_rng(0)
    texts = [" ".join(random.choice(["film", "story", "slow", "loud", "the", "a"], 5)) for _ in range(count)]
    place = random.integers(0, 2, count)
    texts = [
        f"{text} {'bad thin thin' if which else 'good warm warm'}" for text, which in zip(texts, place, strict=True)
    ]
    labels = ["bad" if which else "good" for which in place]
    return texts, [[label] for label in labels] if name == "multi_label" else labels


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("name", LABELS)
def test_the_saved_folder_gives_the_logits_that_were_fitted(backbone, tmp_path, kind, name):
    import torch
    from transformers import AutoModelForSequenceClassification

    task = task_for(name, LabelSet(LABELS[name]))
    texts, labels = rows_of(name)
    model = build_probe(backbone(kind), task)
    ids, mask = batch(backbone(kind), texts)
    features = probe_features(model, ids, mask).numpy()
    head = fit_head(features, task.encode(labels), task)
    expected = head.logits(features)
    set_head(model, head.weights, head.bias)
    save_encoder(model, backbone(kind), tmp_path, max_tokens=32)
    opened = AutoModelForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.inference_mode():
        given = opened(input_ids=ids, attention_mask=mask).logits.numpy()
    np.testing.assert_allclose(given, expected, atol=1e-4)
    right = [tuple(label) if isinstance(label, list) else label for label in labels]
    agree = np.mean([a == b for a, b in zip(task.choose(task.probabilities(given)), right, strict=True)])
    assert agree > 0.95


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_the_head_reads_the_mean_of_the_tokens(backbone, kind):
    import torch
    from transformers import AutoModel

    task = task_for("single_label", LabelSet(["bad", "good"]))
    ids, mask = batch(backbone(kind), ["good film", "a very slow story of minutes and minutes", "x"])
    with torch.inference_mode():
        hidden = AutoModel.from_pretrained(backbone(kind)).eval()(input_ids=ids, attention_mask=mask).last_hidden_state
    means = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    model = build_probe(backbone(kind), task)
    features = probe_features(model, ids, mask)
    assert len(layers_of(model)) == model.config.num_hidden_layers == 3

    def normal(table):
        return (table - table.mean(1, keepdim=True)) / table.std(1, keepdim=True)

    np.testing.assert_allclose(normal(features), normal(means), atol=0.1)
    assert (normal(features) - normal(hidden[:, 0])).abs().max() > 0.5


def test_the_numbers_are_scikit_learns():
    from sklearn.linear_model import LogisticRegression

    random = np.random.default_rng(0)
    features = random.normal(size=(300, 8)).astype(np.float32)
    truth = (features[:, :3] + random.normal(size=(300, 3))).argmax(axis=1)
    task = task_for("single_label", LabelSet(["a", "b", "c"]))
    head = fit_head(features, truth.astype(np.int64), task, pulls=(0.01,))
    scaled = (features - features.mean(axis=0)) / features.std(axis=0)
    theirs = LogisticRegression(C=1 / (0.01 * 300), tol=1e-8, max_iter=1000).fit(scaled, truth)
    ours = task.probabilities(head.logits(features))
    np.testing.assert_allclose(ours, theirs.predict_proba(scaled), atol=2e-3)


def test_validation_chooses_the_pull_and_unlabelled_rows_are_left_out():
    random = np.random.default_rng(0)
    task = task_for("single_label", LabelSet(["a", "b"]))
    features = random.normal(size=(200, 4)).astype(np.float32)
    targets = (features[:, 0] > 0).astype(np.int64)
    targets[::5] = -1
    features[::5] = 99
    sure = fit_head(features, targets, task, validation=(features, targets))
    noise = random.integers(0, 2, 200)
    unsure = fit_head(features, targets, task, validation=(features, noise))
    assert sure.pull == 0.001
    assert unsure.pull == 0.3
    assert fit_head(features, targets, task).pull == 0.03


def test_weights_of_labels_and_of_rows_count():
    task = task_for("single_label", LabelSet(["a", "b"]))
    features = np.zeros((34, 3), np.float32)  # nothing to go by
    targets = np.array([0] * 30 + [1] * 4)

    def second(**settings):
        return task.probabilities(fit_head(features, targets, task, **settings).bias[None])[0, 1]

    assert second() == pytest.approx(4 / 34, abs=0.01)
    assert second(label_weights=np.array([1.0, 7.5])) == pytest.approx(0.5, abs=0.01)
    assert second(row_weights=np.array([1.0] * 30 + [7.5] * 4)) == pytest.approx(0.5, abs=0.01)


def test_one_class_only_teaches_nothing():
    task = task_for("single_label", LabelSet(["a", "b"]))
    with pytest.raises(DataError, match="all 3 training rows are labelled 'a'"):
        fit_head(np.zeros((3, 2), np.float32), np.zeros(3, np.int64), task)


def test_a_head_of_another_size_is_refused(backbone):
    model = build_probe(backbone(), task_for("single_label", LabelSet(["a", "b"])))
    with pytest.raises(UsageError, match=r"weights of \(3, 32\) for a head of \(2, 32\)"):
        set_head(model, np.zeros((3, 32)), np.zeros(3))
