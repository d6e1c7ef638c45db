"""The loop: the same maths as a plain one, however steps are cut; when it stops, and what it keeps and tells."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tamis.core import LabelSet
from tamis.models import build_encoder
from tamis.tasks import MultiLabel, Ordinal
from tamis.train.batches import plan_epoch
from tamis.train.events import EpochDone, Noted, StepDone, StopTraining
from tamis.train.optimizer import make_optimizer, named_parts, rate_at, set_rate
from tamis.train.rows import TrainingRows


def weights(folder, draft="draft"):
    return load_file(folder / draft / "model.safetensors")


def assert_close(one, other, *, atol):
    assert one.keys() == other.keys()
    for name in one:
        torch.testing.assert_close(one[name], other[name], atol=atol, rtol=0)


def steps_of(heard):
    return [event for event in heard if isinstance(event, StepDone)]


def epochs_of(heard):
    return [event for event in heard if isinstance(event, EpochDone)]


def test_it_learns(tiny, tmp_path):
    heard = []
    tiny.fit(tmp_path, {"epochs": 8, "keep": "highest"}, rows=300, emit=heard.append)
    assert tiny.scores(tmp_path / "draft")["accuracy"] >= 0.8
    losses = [event.train_loss for event in epochs_of(heard)]
    assert losses[-1] < losses[0] / 2


def test_the_weights_are_those_of_a_plain_loop(tiny, tmp_path):
    given = tiny.assignment(tmp_path, {"layer_decay": 0.8, "weight_decay": 0.1, "epochs": 2, "clip": 0.5})
    fitted = tiny.fit(tmp_path, {"layer_decay": 0.8, "weight_decay": 0.1, "epochs": 2, "clip": 0.5})
    model = build_encoder(tmp_path / "backbone", given.task, seed=0).train()
    for part in model.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    optimizer = make_optimizer(model, named_parts(model), layer_decay=0.8, weight_decay=0.1, betas=(0.9, 0.999))
    from tamis.features import load_tokenizer

    tokens = load_tokenizer(tmp_path / "backbone").engine.encode_batch(given.train.texts)
    sizes, step = np.array([len(text.ids) for text in tokens]), 0
    for epoch in (1, 2):
        for rows in plan_epoch(sizes, batch_rows=8, seed=0, epoch=epoch):
            step += 1
            longest = sizes[rows].max()
            ids = torch.tensor([tokens[row].ids + [0] * (longest - sizes[row]) for row in rows])
            logits = model(
                input_ids=ids, attention_mask=(torch.arange(longest) < torch.tensor(sizes[rows])[:, None]).long()
            ).logits
            torch.nn.functional.cross_entropy(logits, torch.tensor(given.train.targets[rows])).backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
            set_rate(optimizer, rate_at(step, steps=fitted.notes["steps"], highest=1e-3, warm_up=0.1))
            optimizer.step()
            optimizer.zero_grad()
    assert step == fitted.notes["steps"]
    assert_close(weights(tmp_path), model.state_dict(), atol=2e-5)


@pytest.mark.parametrize("changes", [{"batch_tokens": 40}, {"batch_rows": 4, "accumulate": 2}])
def test_a_step_is_the_same_however_it_is_cut_into_passes(tiny, tmp_path, changes):
    whole, cut = [], []
    tiny.fit(tmp_path, {"epochs": 1}, emit=whole.append)
    tiny.fit(tmp_path, {"epochs": 1, **changes}, emit=cut.append, draft="cut")
    for one, other in zip(steps_of(whole), steps_of(cut), strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-4)
        assert other.gradient_norm == pytest.approx(one.gradient_norm, rel=1e-3)
        assert (other.rows, other.tokens) == (one.rows, one.tokens)
    assert_close(weights(tmp_path), weights(tmp_path, "cut"), atol=1e-4)


def test_rows_count_by_their_weights(tiny, tmp_path):
    rows = tiny.make_rows(40)
    doubled = TrainingRows.of(
        [*rows.raw_texts, *rows.raw_texts[:8]],
        [*rows.labels.to_pylist(), *rows.labels.to_pylist()[:8]],
        tiny.good_or_bad(),
    )
    weighted = tiny.make_rows(40, weights=np.array([2.0] * 8 + [1.0] * 32, np.float32))
    one, other = [], []
    settings = {"epochs": 1, "batch_rows": 48}
    tiny.fit(tmp_path, settings, train=doubled, emit=one.append)
    tiny.fit(tmp_path, settings, train=weighted, emit=other.append)
    assert steps_of(other)[0].loss == pytest.approx(steps_of(one)[0].loss, rel=1e-5)
    assert steps_of(other)[0].gradient_norm == pytest.approx(steps_of(one)[0].gradient_norm, rel=1e-4)


def test_frozen_weights_stay_as_they_were(tiny, tmp_path):
    tiny.fit(tmp_path, {"freeze": 1})
    before = load_file(tmp_path / "backbone" / "model.safetensors")
    after = {name.removeprefix("bert."): weight for name, weight in weights(tmp_path).items()}
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert moved
    assert all(name.startswith(("encoder.layer.1.", "pooler.")) for name in moved)


def test_words_of_no_training_text_keep_their_embedding(tiny, tmp_path):
    tiny.fit(
        tmp_path,
        {},
        train=tiny.TrainingRows.of(["good w1"] * 8 + ["bad w2"] * 8, ["good", "bad"] * 8, tiny.good_or_bad()),
    )
    before = load_file(tmp_path / "backbone" / "model.safetensors")["embeddings.word_embeddings.weight"]
    after = weights(tmp_path)["bert.embeddings.word_embeddings.weight"]
    moved = set((before != after).any(1).nonzero().flatten().tolist())
    words = json.loads((tmp_path / "backbone" / "tokenizer.json").read_text())["model"]["vocab"]
    assert moved == {words[word] for word in ("[CLS]", "[SEP]", "good", "bad", "w1", "w2")}


def test_training_ends_when_validation_gets_no_better(tiny, tmp_path):
    heard = []
    tiny.fit(tmp_path, {"epochs": 20, "patience": 2, "learning_rate": 1e-9, "clip": 1.0}, emit=heard.append)
    assert len(epochs_of(heard)) == 3
    kinds = [event.kind for event in heard if isinstance(event, Noted)]
    assert [kind for kind in kinds if not kind.startswith("diagnosis.")] == ["early_stop"]


def test_the_best_epoch_is_kept(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {"epochs": 6, "keep": "highest", "learning_rate": 0.02}, emit=heard.append)
    scores = [event.validation["macro_f1"] for event in epochs_of(heard)]
    assert tiny.scores(tmp_path / "draft")["macro_f1"] == max(scores)
    kept = fitted.notes["best_epoch"]
    assert scores[kept - 1] == max(scores)
    assert max(number for number, event in enumerate(epochs_of(heard), 1) if event.best) == kept


def test_of_epochs_alike_within_chance_the_latest_is_kept(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {"epochs": 6, "keep": "latest"}, rows=200, emit=heard.append)
    scores = [event.validation["macro_f1"] for event in epochs_of(heard)]
    highest, kept = 0.0, 0
    for epoch, score in enumerate(scores, 1):
        if score >= highest - (highest * (1 - highest) / 20) ** 0.5:
            kept = epoch
        highest = max(highest, score)
    assert fitted.notes["best_epoch"] == kept


def test_a_listener_may_stop_it_and_the_best_weights_stay(tiny, tmp_path):
    heard = []

    def listen(event):
        heard.append(event)
        if isinstance(event, StepDone) and event.step == 10:
            raise StopTraining("enough")

    fitted = tiny.fit(tmp_path, {"epochs": 5}, emit=listen)
    assert fitted.notes["steps"] == 10
    assert fitted.notes["best_epoch"] == 1
    assert heard[-1] == Noted(kind="stopped", message="enough", step=10)


def test_a_gradient_that_is_no_number_moves_nothing(tiny, tmp_path):
    heard = []
    tiny.fit(tmp_path, {"epochs": 1, "stop_on": [], "class_weights": {"good": 3e38}}, emit=heard.append)
    assert any(not np.isfinite(event.gradient_norm) for event in steps_of(heard))
    assert all(weight.isfinite().all() for weight in weights(tmp_path).values())


def test_without_validation_the_last_weights_are_kept(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {}, validation=tiny.make_rows(0), emit=heard.append)
    assert fitted.notes["best_epoch"] == 2
    assert [event.validation for event in epochs_of(heard)] == [{}, {}]


def test_a_step_tells_its_pace_and_the_norm_of_each_part(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {}, emit=heard.append)
    step = steps_of(heard)[0]
    assert (step.step, step.steps, step.epoch, step.rows) == (1, 16, 1, 7)
    assert set(step.seconds) == {"data", "forward", "backward", "optimizer"}
    assert set(step.layer_norms) == {"embeddings", "layer 0", "layer 1", "head"}
    assert sum(norm**2 for norm in step.layer_norms.values()) == pytest.approx(step.gradient_norm**2)
    assert sum(event.rows for event in steps_of(heard)) == 120
    assert sum(epochs_of(heard)[0].predicted.values()) == 20
    assert fitted.notes["padding_share"] == 0.0  # BERT is packed
    assert fitted.notes["tokens_a_second"] > 0


@pytest.mark.parametrize("kind", ["roberta", "distilbert", "modernbert"])
def test_other_types_train_too(tiny, tmp_path, kind):
    tiny.write_backbone(tmp_path / "backbone", kind)
    fitted = tiny.fit(tmp_path, {"epochs": 1})
    assert 0 <= fitted.notes["padding_share"] < 0.2
    from tamis.predict.engines.torch import open_engine

    engine = open_engine(tmp_path / "draft", "model.safetensors", precision="fp32", threads=1, device="cpu")
    assert engine.run(np.array([[4, 5]]), np.array([[1, 1]]))[0].shape == (1, 2)


@pytest.mark.parametrize("kind", [Ordinal, MultiLabel])
def test_every_task_trains(tiny, tmp_path, kind):
    task = kind(LabelSet(["1", "2", "3"]))
    random = np.random.default_rng(0)
    labels = [str(n) for n in random.integers(1, 4, 40)]
    given = [[label] for label in labels] if kind is MultiLabel else labels
    rows = TrainingRows.of([f"w{label} w{n}" for n, label in enumerate(labels)], given, task)
    heard = []
    given = {"task": task, "train": rows, "validation": rows, "emit": heard.append}
    tiny.fit(tmp_path, {"epochs": 1, "class_weights": "balanced"}, **given)
    assert task.main_metric in epochs_of(heard)[0].validation


def test_windows_read_all_of_a_long_text_and_count_as_one(tiny, tmp_path):
    rows = tiny.make_rows(20, longest=60)
    heard = []
    long_text = {"max_tokens": 16, "policy": "windows", "overlap": 4}
    fitted = tiny.fit(tmp_path, {"epochs": 1, "long_text": long_text}, train=rows, emit=heard.append)
    assert fitted.notes["cut_share"] == 0.0
    assert sum(event.rows for event in steps_of(heard)) > 20
    assert fitted.long_text.policy == "windows"
    head = tiny.fit(tmp_path, {"epochs": 1, "long_text": {"max_tokens": 16}}, train=rows, draft="head")
    assert head.notes["cut_share"] > 0.5
