"""Tiny models of each family, made on the spot."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tamis.core import LabelSet
from tamis.data import Schema
from tamis.features import LongText
from tamis.models import Bundle, BundleManifest, EngineChoice, Lineage, TaskSpec, seal_bundle
from tamis.tasks import task_for

WORDS = [
    "good",
    "bad",
    "film",
    "story",
    "slow",
    "loud",
    "warm",
    "thin",
    "bright",
    "tender",
    "of",
    "minutes",
    "a",
    "the",
    "and",
    "is",
    "not",
    "very",
    "ever",
    "never",
]


def write_tokenizer(folder: Path) -> int:
    """Write a small WordPiece tokenizer with letters for what it does not know; return its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = "abcdefghijklmnopqrstuvwxyz0123456789.,!?"
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters, *(f"##{letter}" for letter in letters)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": 64,
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    return len(vocabulary)


def write_encoder(folder: Path, labels: Sequence[str], *, problem_type: str, seed: int = 0, onnx: bool = True) -> Any:
    """Write a random BERT of 2 layers, as transformers saves it and (with `onnx`) as an ONNX file."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=write_tokenizer(folder),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.4,  # far from even scores
        id2label=dict(enumerate(labels)),
        label2id={label: number for number, label in enumerate(labels)},
        problem_type=problem_type,
    )
    model = BertForSequenceClassification(config).eval()
    model.save_pretrained(folder)
    if onnx:
        write_onnx(model, folder / "model.onnx")
    return model


def write_onnx(model: Any, path: Path) -> None:
    """Write what `tamis export` promises: ids and mask in, logits and the mean of the last layer out."""
    import warnings

    import torch

    class Both(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            out = self.model(input_ids=input_ids, attention_mask=attention_mask, output_hidden_states=True)
            weights = attention_mask.unsqueeze(-1).float()
            return out.logits, (out.hidden_states[-1] * weights).sum(1) / weights.sum(1)

    batch, sequence = {0: "batch"}, {0: "batch", 1: "sequence"}
    ids = torch.ones((2, 7), dtype=torch.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            Both().eval(),
            (ids, torch.ones_like(ids)),
            str(path),
            input_names=["input_ids", "attention_mask"],
            output_names=["logits", "pooled"],
            dynamic_axes={"input_ids": sequence, "attention_mask": sequence, "logits": batch, "pooled": batch},
            dynamo=False,
        )


def seal(folder: Path, *, task: str, labels: Sequence[str], family: str = "encoder", **changes: Any) -> Bundle:
    """Seal a folder as a bundle."""
    chosen = task_for(task, LabelSet(labels), parents=changes.pop("parents", None))
    engine = {"linear": ("linear", "model.safetensors")}.get(family, ("torch", "model.safetensors"))
    manifest = BundleManifest(
        name=changes.pop("name", f"tiny-{family}-1.abcd"),
        family=family,
        task=TaskSpec.of(chosen),
        schema_=Schema(text=("text",)),
        engine=changes.pop("engine", EngineChoice(name=engine[0], file=engine[1])),
        lineage=Lineage(
            run=f"tiny-{family}-1",
            fingerprint="abcd",
            dataset="tiny@1",
            dataset_fingerprint="ef",
            tamis="0.1.0",
            created=datetime(2026, 1, 1, tzinfo=UTC),
        ),
        long_text=changes.pop("long_text", LongText(max_tokens=48)),
        cleaning=changes.pop("cleaning", ("whitespace",)),
        **changes,
    )
    return seal_bundle(folder, manifest)


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder with three outputs, with its ONNX file."""
    folder = tmp_path_factory.mktemp("weights")
    write_encoder(folder, ["bad", "good", "odd"], problem_type="single_label_classification")
    return folder


@pytest.fixture
def make_bundle(tiny_weights: Path, tmp_path: Path) -> Callable[..., Bundle]:
    """A function that seals a copy of the tiny encoder: `make_bundle(task="ordinal", labels=["1", "2", "3"])`."""
    import shutil

    made = 0

    def make(
        *, task: str = "single_label", labels: Sequence[str] = ("bad", "good", "odd"), onnx: bool = True, **changes: Any
    ) -> Bundle:
        nonlocal made
        made += 1
        folder = tmp_path / f"bundle-{made}"
        shutil.copytree(tiny_weights, folder, ignore=None if onnx else shutil.ignore_patterns("model.onnx"))
        return seal(folder, task=task, labels=labels, **changes)

    return make


@pytest.fixture
def make_linear(tmp_path: Path) -> Callable[..., Bundle]:
    """A function that fits a linear model to random texts and seals it."""
    import numpy as np

    from tamis.models import fit_linear

    made = 0

    def make(*, task: str = "single_label", labels: Sequence[str] = ("bad", "good", "odd"), **changes: Any) -> Bundle:
        nonlocal made
        made += 1
        folder = tmp_path / f"linear-{made}"
        folder.mkdir()
        chosen = task_for(task, LabelSet(labels))
        random = np.random.default_rng(made)
        texts = [" ".join(random.choice(WORDS, 8)) for _ in range(60)]
        said = [labels[WORDS.index(text.split()[0]) % len(labels)] for text in texts]
        targets = chosen.encode([[each] for each in said] if task == "multi_label" else said)
        fit_linear(texts, targets, chosen)[0].save(folder)
        return seal(folder, task=task, labels=labels, family="linear", **changes)

    return make


@pytest.fixture
def random_texts() -> Callable[..., list[str]]:
    """A function that gives texts of mixed lengths, some of them empty: `random_texts(100, seed=3)`."""
    import numpy as np

    def make(count: int, *, seed: int = 0, most: int = 60) -> list[str]:
        random = np.random.default_rng(seed)
        return [" ".join(random.choice(WORDS, size).tolist()) for size in random.integers(0, most, count)]

    return make
