"""What tests of export start from: tiny random encoders of several types, and rows that they were made to know."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamis.core import LabelSet, Workspace
from tamis.data import Dataset, Schema
from tamis.features import LongText
from tamis.models import (
    Bundle,
    BundleManifest,
    EngineChoice,
    Lineage,
    TaskSpec,
    build_encoder,
    save_encoder,
    seal_bundle,
)
from tamis.predict import Classifier
from tamis.tasks import task_for

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip
KINDS = ("bert", "roberta", "distilbert", "deberta", "deberta-v2", "modernbert", "electra")
LABELS = {"single_label": ("bad", "good", "odd"), "multi_label": ("bad", "good", "odd"), "ordinal": ("1", "2", "3")}


def write_tokenizer(folder: Path, *, roberta: bool) -> int:
    """Write a small WordPiece tokenizer, with RoBERTa's special tokens and their numbers if asked; return its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = "abcdefghijklmnopqrstuvwxyz"
    special = ["<s>", "<pad>", "</s>", "<unk>"] if roberta else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    first, pad, last, unknown = special if roberta else (special[2], special[0], special[3], special[1])
    pieces = dict.fromkeys([*special, *WORDS, *letters, *(f"##{letter}" for letter in letters)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"cls_token": first, "pad_token": pad, "sep_token": last, "unk_token": unknown}
    (folder / "tokenizer_config.json").write_text(json.dumps(names))
    return len(vocabulary)


def write_backbone(folder: Path, kind: str) -> Path:
    """Write a random encoder of 2 layers, 32 wide."""
    import torch
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True)
    roberta = kind == "roberta"
    sizes: dict[str, Any] = {
        "vocab_size": write_tokenizer(folder, roberta=roberta),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66 if roberta else 64,
        "pad_token_id": int(roberta),
        "initializer_range": 0.4,  # far from even scores
    }
    sizes |= {
        "roberta": {"type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2},
        "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2},
        "deberta": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        "deberta-v2": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        # so short a window that its layers see less than the longest texts
        "modernbert": {
            "cls_token_id": 2,
            "sep_token_id": 3,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "local_attention": 8,
        },
    }.get(kind, {})
    if kind == "distilbert":
        for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
            del sizes[name]
    torch.manual_seed(3)
    AutoModel.from_config(AutoConfig.for_model(kind, **sizes)).save_pretrained(folder)
    return folder


def texts_of(count: int, *, seed: int = 0, most: int = 40) -> list[str]:
    """Return random texts of mixed lengths."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, size).tolist()) for size in random.integers(1, most, count)]


@pytest.fixture(scope="session")
def drafts(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that returns the folder of a tiny classifier of a type and task, made once."""
    made: dict[tuple[str, str], Path] = {}

    def draft(kind: str = "bert", task: str = "single_label") -> Path:
        if (kind, task) not in made:
            import torch

            folder = tmp_path_factory.mktemp("tiny")
            backbone = write_backbone(folder / "backbone", kind)
            model = build_encoder(backbone, task_for(task, LabelSet(LABELS[task])), seed=1)
            with torch.no_grad():  # a head that says different things of different texts
                torch.manual_seed(5)
                torch.nn.init.normal_(next(iter(list(model.parameters())[-2:])), std=1.0)
            save_encoder(model, backbone, folder / "model", max_tokens=48)
            made[kind, task] = folder / "model"
        return made[kind, task]

    return draft


@pytest.fixture
def make_bundle(drafts: Callable[..., Path], tmp_path: Path) -> Callable[..., Bundle]:
    """A function that seals a copy of a tiny encoder: `make_bundle("roberta", task="ordinal")`."""
    import shutil

    made = 0

    def make(kind: str = "bert", *, task: str = "single_label", at: Path | None = None, **changes: Any) -> Bundle:
        nonlocal made
        made += 1
        folder = at or tmp_path / f"bundle-{made}"
        shutil.copytree(drafts(kind, task), folder)
        manifest = BundleManifest(
            name="tiny-encoder-1.abcd",
            family="encoder",
            task=TaskSpec.of(task_for(task, LabelSet(LABELS[task]))),
            schema_=Schema(text=("text",), label=("label",)),
            engine=EngineChoice(name="torch", file="model.safetensors"),
            lineage=Lineage(
                run="tiny-encoder-1",
                fingerprint="abcd",
                dataset="reviews@1",
                dataset_fingerprint="ef",
                tamis="0.1.0",
                created=datetime(2026, 1, 1, tzinfo=UTC),
                settings=changes.pop("settings", {}),
            ),
            long_text=LongText(max_tokens=48),
            **changes,
        )
        return seal_bundle(folder, manifest)

    return make


@pytest.fixture
def known_rows(make_dataset: Callable[..., Dataset]) -> Callable[..., Dataset]:
    """A function that stores rows labelled as the model says, with splits: those it is surest of, or the least sure."""

    def make(bundle: Bundle, rows: int = 400, *, sure: bool = True, splits: Sequence[str] = ("test",)) -> Dataset:
        texts = list(dict.fromkeys(texts_of(rows * 4, seed=7)))
        scores = np.sort(Classifier.open(bundle, engine="torch").raw(texts).logits, axis=1)
        order = np.argsort((scores[:, -1] - scores[:, -2]) * (-1 if sure else 1))[:rows]
        chosen = [texts[place] for place in order]
        said = [each.label for each in Classifier.open(bundle, engine="torch").predict(chosen)]
        split = [splits[place % len(splits)] for place in range(len(chosen))]
        return make_dataset(task=bundle.manifest.task.name, text=chosen, label=said, split=split)

    return make


@pytest.fixture
def runs(workspace: Workspace) -> Path:
    """The folder where a run's bundle lies."""
    folder = workspace.runs / "tiny-encoder-1"
    folder.mkdir(parents=True)
    return folder / "bundle"
