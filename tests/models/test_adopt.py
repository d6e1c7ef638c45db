"""Models of others: a folder of transformers becomes a bundle that answers the same; what would run is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tamis import Classifier
from tamis.core import DataError, UsageError
from tamis.models import adopt_transformers, open_bundle

TEXTS = ["a good film", "slow and loud", "the story is not very bright", "never ever " * 40]


def changed(source: Path, target: Path, **said: object) -> Path:
    """Copy a model, with other words in its config.json."""
    shutil.copytree(source, target)
    config = json.loads((target / "config.json").read_bytes())
    (target / "config.json").write_text(json.dumps({**config, **said}))
    return target


@pytest.mark.parametrize("task", ["single_label", "multi_label"])
def test_it_answers_as_transformers_itself(tiny_model, tmp_path, task):
    from transformers import pipeline

    bundle = adopt_transformers(tiny_model("bert", task), tmp_path / "bundle", name="tone", origin="elsewhere:tone")
    assert open_bundle(bundle.path).manifest == bundle.manifest
    assert bundle.task.name == task
    assert bundle.manifest.decider.calibration.method == "none"
    theirs = pipeline("text-classification", str(tiny_model("bert", task)))(TEXTS, top_k=None, truncation=True)
    for answer, expected in zip(Classifier.open(bundle).predict(TEXTS), theirs, strict=True):
        assert answer.scores == pytest.approx({each["label"]: each["score"] for each in expected}, abs=1e-5)
    card = (bundle.path / "README.md").read_text()
    assert "elsewhere:tone" in card


def test_roberta_counts_its_positions_from_the_padding_on(tiny_model, tmp_path):
    bundle = adopt_transformers(tiny_model("roberta"), tmp_path / "bundle", name="tone", origin="elsewhere:tone")
    assert bundle.manifest.long_text.max_tokens == 48
    folder = changed(tiny_model("roberta"), tmp_path / "wide")
    said = json.loads((folder / "tokenizer_config.json").read_bytes())
    (folder / "tokenizer_config.json").write_text(json.dumps({**said, "model_max_length": 10**30}))
    wide = adopt_transformers(folder, tmp_path / "other", name="tone", origin="elsewhere:tone")
    assert wide.manifest.long_text.max_tokens == 64
    assert len(Classifier.open(wide).predict(["film " * 500])) == 1


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"auto_map": {"AutoModel": "mine.Model"}}, "brings code of its own"),
        ({"architectures": ["BertForMaskedLM"]}, "BertForMaskedLM is no classifier"),
        ({"problem_type": "regression"}, "gives no labels"),
        ({"id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0}}, "has 1 label"),
    ],
)
def test_what_is_no_text_classifier_or_brings_code_is_refused(tiny_model, tmp_path, said, why):
    folder = changed(tiny_model(), tmp_path / "model", **said)
    with pytest.raises(UsageError, match=why):
        adopt_transformers(folder, tmp_path / "bundle", name="tone", origin="elsewhere:tone")
    assert not (tmp_path / "bundle").exists()


def test_pickled_weights_are_refused_and_not_opened(tiny_model, tmp_path):
    folder = changed(tiny_model(), tmp_path / "model")
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(b"cos\nsystem\n(S'touch /tmp/tamis-was-here'\ntR.")
    with pytest.raises(UsageError, match="a pickle, which Tamis never opens"):
        adopt_transformers(folder, tmp_path / "bundle", name="tone", origin="elsewhere:tone")


def test_weights_that_lack_a_part_are_refused(tiny_model, tmp_path):
    labels = {str(number): f"label {number}" for number in range(5)}
    folder = changed(tiny_model(), tmp_path / "model", id2label=labels, label2id={v: int(k) for k, v in labels.items()})
    with pytest.raises(DataError, match="do not fit its config.json: .* parts are missing or of another size"):
        adopt_transformers(folder, tmp_path / "bundle", name="tone", origin="elsewhere:tone")


def test_only_the_files_of_a_model_are_taken(tiny_model, tmp_path):
    folder = changed(tiny_model(), tmp_path / "model")
    (folder / "run.py").write_text("raise SystemExit")
    (folder / "training_args.bin").write_bytes(b"cos\nsystem\n(S'ls'\ntR.")
    bundle = adopt_transformers(folder, tmp_path / "bundle", name="tone", origin="elsewhere:tone")
    assert sorted(bundle.manifest.files) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
    ]
