"""Encoders of every type: built for a task, frozen in part, saved, and opened by transformers unaided."""

from __future__ import annotations

import json
import shutil
import stat

import numpy as np
import pytest

from tamis.core import DataError, LabelSet, UsageError
from tamis.features import LongText, load_tokenizer, tokenize
from tamis.models import build_encoder, final_layer, freeze, layers_of, most_tokens, pooled, save_encoder
from tamis.tasks import task_for

TYPES = ("bert", "roberta", "distilbert", "deberta", "deberta-v2", "modernbert")
TEXTS = ["good film", "a very slow and loud story of minutes", "never ever bright, tender", "x"]
TASKS = {
    "single_label": ["bad", "good", "odd"],
    "ordinal": ["1", "2", "3", "4"],
    "multi_label": ["OFF", "UNT", "TIN"],
}


def task_of(name="single_label"):
    return task_for(name, LabelSet(TASKS[name]), parents={"UNT": "OFF"} if name == "multi_label" else None)


def logits_of(model, folder, *, texts=TEXTS, max_tokens=32):
    """Score texts as Tamis does: its own tokens, padded with the model's own number, ids and mask alone."""
    import torch

    tokenizer = load_tokenizer(folder)
    rows = tokenize(texts, tokenizer, LongText(max_tokens=max_tokens))
    ids, mask = rows.padded(list(range(len(rows))), pad=tokenizer.pad)
    with torch.inference_mode():
        out = model.eval()(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask))
    return out.logits.numpy()


@pytest.mark.parametrize("kind", TYPES)
def test_every_type_opens_with_transformers_pipeline_unaided(backbone, tmp_path, kind):
    from transformers import pipeline

    for name in TASKS if kind == "bert" else ("single_label",):
        task = task_of(name)
        model = build_encoder(backbone(kind), task, seed=3)
        final_layer(model).weight.data.mul_(4)  # far from even scores
        save_encoder(model, backbone(kind), tmp_path / name, max_tokens=32)
        ours = logits_of(model, tmp_path / name)
        expected = np.exp(ours) / np.exp(ours).sum(axis=1, keepdims=True)
        if name == "multi_label":
            expected = 1 / (1 + np.exp(-ours))
        given = pipeline("text-classification", str(tmp_path / name))(TEXTS, top_k=None)
        for row, scores in zip(expected, given, strict=True):
            assert {entry["label"] for entry in scores} == set(task.outputs)
            for entry in scores:
                assert entry["score"] == pytest.approx(row[task.outputs.index(entry["label"])], abs=1e-5)
        best = pipeline("text-classification", str(tmp_path / name))(TEXTS)
        assert [entry["label"] for entry in best] == [task.outputs[place] for place in ours.argmax(axis=1)]
        config = json.loads((tmp_path / name / "config.json").read_text())
        assert config["problem_type"] == task.problem_type
        assert config["id2label"] == {str(place): label for place, label in enumerate(task.outputs)}


@pytest.mark.parametrize("kind", TYPES)
def test_padding_changes_nothing(backbone, kind):
    model = build_encoder(backbone(kind), task_of())
    together = logits_of(model, backbone(kind))
    alone = np.concatenate([logits_of(model, backbone(kind), texts=[text]) for text in TEXTS])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_roberta_pads_with_its_own_number_and_counts_its_positions_from_there(backbone):
    assert load_tokenizer(backbone("roberta")).pad == 1
    model = build_encoder(backbone("roberta"), task_of())
    assert most_tokens(model) == 64
    assert logits_of(model, backbone("roberta"), texts=["a " * 99], max_tokens=64).shape == (1, 3)
    assert most_tokens(build_encoder(backbone("bert"), task_of())) == 64


def test_the_pipeline_cuts_where_tamis_cuts(backbone, tmp_path):
    from transformers import pipeline

    model = build_encoder(backbone("bert"), task_of())
    final_layer(model).weight.data.mul_(4)
    save_encoder(model, backbone("bert"), tmp_path, max_tokens=16)
    texts = ["good bad film slow " * 9]
    ours = logits_of(model, tmp_path, texts=texts, max_tokens=16)[0]
    given = pipeline("text-classification", str(tmp_path))(texts, truncation=True)[0]
    assert given["score"] == pytest.approx((np.exp(ours) / np.exp(ours).sum()).max(), abs=1e-5)
    assert len(load_tokenizer(tmp_path).engine.encode(texts[0]).ids) == 38  # the file itself cuts nothing


@pytest.mark.parametrize("kind", TYPES)
def test_the_same_seed_gives_the_same_head_and_leaves_chance_alone(backbone, kind):
    import torch

    torch.manual_seed(11)
    before = torch.random.get_rng_state()
    first, again, other = (build_encoder(backbone(kind), task_of(), seed=seed) for seed in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(final_layer(first).weight, final_layer(again).weight)
    assert not torch.equal(final_layer(first).weight, final_layer(other).weight)
    assert all(weight.dtype == torch.float32 for weight in first.parameters())
    assert all(
        torch.equal(a, b)
        for a, b in zip(first.base_model.state_dict().values(), again.base_model.state_dict().values(), strict=True)
    )


def test_a_head_for_other_labels_is_forgotten_and_for_the_same_kept(backbone, tmp_path):
    import torch

    model = build_encoder(backbone(), task_of(), seed=1)
    save_encoder(model, backbone(), tmp_path / "trained", max_tokens=32)
    same = build_encoder(tmp_path / "trained", task_of(), seed=2)
    renamed = build_encoder(tmp_path / "trained", task_for("single_label", LabelSet(["x", "y", "z"])), seed=2)
    more = build_encoder(tmp_path / "trained", task_for("single_label", LabelSet(["bad", "good", "odd", "z"])), seed=2)
    assert torch.equal(final_layer(same).weight, final_layer(model).weight)
    assert not torch.equal(final_layer(renamed).weight, final_layer(model).weight)
    assert renamed.config.id2label == {0: "x", 1: "y", 2: "z"}
    assert final_layer(more).out_features == 4


@pytest.mark.parametrize("kind", TYPES)
def test_freezing(backbone, kind):
    model = build_encoder(backbone(kind), task_of())
    whole = sum(weight.numel() for weight in model.parameters())
    words = model.get_input_embeddings().weight.numel()
    assert freeze(model, "none") == whole
    assert freeze(model, "embeddings") == whole - words
    assert freeze(model, 0) == whole
    assert freeze(model, 1) < whole - words
    assert not any(weight.requires_grad for weight in layers_of(model)[0].parameters())
    assert all(weight.requires_grad for weight in layers_of(model)[1].parameters())
    assert 0 < freeze(model, "all") < 3000
    assert all(weight.requires_grad for weight in final_layer(model).parameters())
    assert not any(weight.requires_grad for layer in layers_of(model) for weight in layer.parameters())
    for wrong in (3, -1):
        with pytest.raises(UsageError, match="this encoder has 2 layers"):
            freeze(model, wrong)
    with pytest.raises(UsageError, match="freeze 'some': none, embeddings, all"):
        freeze(model, "some")


def test_settings_reach_the_model_where_it_has_them(backbone):
    model = build_encoder(backbone(), task_of(), settings={"hidden_dropout_prob": 0.0, "no_such": 1})
    assert model.config.hidden_dropout_prob == 0.0
    assert {part.p for part in model.modules() if type(part).__name__ == "Dropout"} <= {0.0, 0.1}
    assert not hasattr(model.config, "no_such")


def test_the_embedding_of_a_text_is_the_mean_of_its_tokens():
    import torch

    hidden = torch.tensor([[[1.0, 2.0], [3.0, 4.0], [99.0, 99.0]], [[5.0, 6.0], [7.0, 7.0], [7.0, 7.0]]])
    mask = torch.tensor([[1, 1, 0], [1, 0, 0]])
    assert pooled(hidden, mask).tolist() == [[2.0, 3.0], [5.0, 6.0]]


def test_a_saved_folder_is_plain_and_readable_by_all(backbone, tmp_path):
    save_encoder(build_encoder(backbone(), task_of()), backbone(), tmp_path / "out", max_tokens=32)
    files = {path.name: path for path in (tmp_path / "out").iterdir()}
    assert set(files) == {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
    assert len({stat.S_IMODE(path.stat().st_mode) for path in files.values()}) == 1
    for path in (files["config.json"], files["tokenizer_config.json"]):
        assert str(tmp_path) not in path.read_text()
        assert str(backbone()) not in path.read_text()
    said = json.loads(files["tokenizer_config.json"].read_text())
    assert (said["model_max_length"], said["pad_token"], said["cls_token"]) == (32, "[PAD]", "[CLS]")


def test_weights_that_do_not_fit_are_refused(backbone, tmp_path):
    shutil.copytree(backbone(), tmp_path / "wide")
    config = json.loads((tmp_path / "wide" / "config.json").read_text())
    (tmp_path / "wide" / "config.json").write_text(json.dumps({**config, "num_hidden_layers": 3}))
    with pytest.raises(DataError, match=r"do not fit its config\.json: 16 parts are missing"):
        build_encoder(tmp_path / "wide", task_of())
    (tmp_path / "wide" / "config.json").write_text(json.dumps({**config, "intermediate_size": 65}))
    with pytest.raises(DataError, match="do not fit"):
        build_encoder(tmp_path / "wide", task_of())


def test_what_is_no_text_encoder_is_refused(backbone, tmp_path):
    shutil.copytree(backbone(), tmp_path / "odd")
    config = json.loads((tmp_path / "odd" / "config.json").read_text())
    for change in ({"model_type": "vit"}, {"model_type": "no-such-type"}):
        (tmp_path / "odd" / "config.json").write_text(json.dumps({**config, **change}))
        with pytest.raises(DataError, match="cannot be opened as a text classifier"):
            build_encoder(tmp_path / "odd", task_of())
    (tmp_path / "odd" / "config.json").write_text(json.dumps(config))
    (tmp_path / "odd" / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(DataError, match="cannot be opened as a text classifier"):
        build_encoder(tmp_path / "odd", task_of())


def test_code_of_a_folder_is_never_run(backbone, tmp_path):
    shutil.copytree(backbone(), tmp_path / "own")
    config = json.loads((tmp_path / "own" / "config.json").read_text())
    auto = {"AutoConfig": "evil.Config", "AutoModelForSequenceClassification": "evil.Model"}
    (tmp_path / "own" / "config.json").write_text(json.dumps({**config, "model_type": "evil", "auto_map": auto}))
    (tmp_path / "own" / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(DataError, match="cannot be opened"):
        build_encoder(tmp_path / "own", task_of())
    assert not (tmp_path / "ran").exists()


def test_a_backbone_without_tokenizer_json_says_how_to_get_one(backbone, tmp_path):
    shutil.copytree(backbone(), tmp_path / "bare", ignore=shutil.ignore_patterns("tokenizer.json"))
    with pytest.raises(DataError, match=r"no tokenizer\.json") as caught:
        save_encoder(build_encoder(backbone(), task_of()), tmp_path / "bare", tmp_path / "out", max_tokens=32)
    assert "AutoTokenizer" in str(caught.value)
