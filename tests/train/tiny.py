"""A tiny encoder and tiny rows to train it on, as a function and as a command that a test may kill or run twice."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tamis.core import LabelSet
from tamis.features import LongText
from tamis.tasks import SingleLabel, Task
from tamis.train.config import TrainSettings
from tamis.train.encoder import fit_encoder
from tamis.train.events import EpochDone, Event
from tamis.train.family import Assignment, Fitted
from tamis.train.rows import TrainingRows
from tamis.train.scoring import score_rows

WORDS = (
    "good", "fine", "warm", "tender", "bright", "bad", "dull", "thin", "slow", "loud", "film", "story", "minutes",
    "of", "a", "the", "and", "is", "with", "plot",
)  # fmt: skip


def write_backbone(folder: Path, kind: str = "bert", *, positions: int = 64, seed: int = 0) -> Path:
    """Write a random encoder of 2 layers, 32 wide, with a tokenizer of whole words."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    special = ["<s>", "<pad>", "</s>", "<unk>"] if kind == "roberta" else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    first, last = (special[0], special[2]) if kind == "roberta" else (special[2], special[3])
    vocabulary = {piece: number for number, piece in enumerate([*special, *WORDS, *(f"w{n}" for n in range(100))])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>" if kind == "roberta" else "[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    sizes: dict[str, Any] = {
        "vocab_size": len(vocabulary),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": positions,
        "pad_token_id": int(kind == "roberta"),
        "initializer_range": 0.2,
    }
    if kind == "roberta":
        sizes |= {"type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2, "max_position_embeddings": positions + 2}
    if kind == "distilbert":
        sizes = {"vocab_size": len(vocabulary), "dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2}
    if kind == "modernbert":
        sizes |= {"cls_token_id": 2, "sep_token_id": 3, "bos_token_id": 2, "eos_token_id": 3}
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        AutoModel.from_config(AutoConfig.for_model(kind, **sizes)).save_pretrained(folder)
    return folder


def make_rows(count: int, *, seed: int = 0, longest: int = 30, task: Task | None = None, **more: Any) -> TrainingRows:
    """Return texts of mixed lengths, `good` or `bad` by the words in them."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for _ in range(count):
        good = bool(random.integers(2))
        size = int(random.integers(2, longest))
        words = [f"w{n}" for n in random.integers(0, 100, size)]
        words[int(random.integers(size))] = WORDS[int(random.integers(5)) + (0 if good else 5)]
        texts.append(" ".join(words))
        labels.append("good" if good else "bad")
    return TrainingRows.of(texts, labels, task or good_or_bad(), **more)


def good_or_bad() -> SingleLabel:
    """Return the task."""
    return SingleLabel(LabelSet(["bad", "good"]))


def assignment(
    folder: Path,
    settings: dict[str, Any],
    *,
    rows: int = 60,
    resume: bool = False,
    emit: Callable[[Event], None] = lambda event: None,
    draft: str = "draft",
    **changes: Any,
) -> Assignment:
    """Return a whole assignment in a folder that holds (or is given) `backbone`."""
    if not (folder / "backbone").exists():
        write_backbone(folder / "backbone")
    (folder / draft).mkdir(parents=True, exist_ok=True)
    base = {"backbone": str(folder / "backbone"), "epochs": 2, "batch_rows": 8, "learning_rate": 1e-3, "patience": 0}
    given: dict[str, Any] = {
        "task": good_or_bad(),
        "train": make_rows(rows),
        "validation": make_rows(20, seed=1),
        "settings": TrainSettings.model_validate({**base, **settings}),
        "seed": 0,
        "draft": folder / draft,
        "checkpoints": folder / "checkpoints",
        "cache": folder / "cache",
        "resume": resume,
        "emit": emit,
    }
    return Assignment(**{**given, **changes})


def fit(folder: Path, settings: dict[str, Any] | None = None, **more: Any) -> Fitted:
    """Train in a folder."""
    return fit_encoder(assignment(folder, settings or {}, **more))


def scores(draft: Path, rows: TrainingRows | None = None, task: Task | None = None) -> dict[str, float]:
    """Return how good the model in a draft is on rows (else the usual validation rows), read back from its files."""
    from tamis.features import load_tokenizer, tokenize
    from tamis.predict.engines.torch import open_engine

    rows, task = rows or make_rows(20, seed=1), task or good_or_bad()
    engine = open_engine(draft, "model.safetensors", precision="fp32", threads=1, device="cpu")
    tokens = tokenize(rows.texts, load_tokenizer(draft), LongText())
    logits = np.concatenate([engine.run(*tokens.padded([row], pad=0))[0] for row in range(len(tokens))])
    return score_rows(task, rows, task.probabilities(logits))


def main() -> None:
    """Train as a command: a line for every step on standard output, for tests that kill."""
    import os

    import torch

    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("settings")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--rows", type=int, default=60)
    given = parser.parse_args()
    torch.set_num_threads(1)
    rank = os.environ.get("RANK", "0")

    def tell(event: Event) -> None:
        told = json.dumps(dict(event.validation)) if isinstance(event, EpochDone) else getattr(event, "message", "")
        sys.stdout.write(f"{type(event).__name__} {getattr(event, 'step', 0)} {told}\n")
        sys.stdout.flush()

    fitted = fit(
        given.folder,
        json.loads(given.settings),
        resume=given.resume,
        rows=given.rows,
        emit=tell,
        draft=f"draft-{rank}" if "RANK" in os.environ else "draft",
    )
    sys.stdout.write(json.dumps({name: fitted.notes[name] for name in ("best_epoch", "steps")}) + "\n")


if __name__ == "__main__":
    main()
