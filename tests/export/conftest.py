"""What tests of export start from: bundles of tiny random encoders, and rows that they were made to know."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamis.core import Workspace
from tamis.data import Dataset
from tamis.models import Bundle
from tamis.predict import Classifier

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip
LABELS = {"single_label": ("bad", "good", "odd"), "multi_label": ("bad", "good", "odd"), "ordinal": ("1", "2", "3")}


def texts_of(count: int, *, seed: int = 0, most: int = 40) -> list[str]:
    """Return random texts of mixed lengths."""
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, size).tolist()) for size in random.integers(1, most, count)]


@pytest.fixture
def make_bundle(tiny_model: Callable[..., Path], seal: Callable[..., Bundle], tmp_path: Path) -> Callable[..., Bundle]:
    """A function that seals a copy of a tiny encoder: `make_bundle("roberta", task="ordinal")`."""
    made = 0

    def make(kind: str = "bert", *, task: str = "single_label", at: Path | None = None, **changes: Any) -> Bundle:
        nonlocal made
        made += 1
        folder = shutil.copytree(tiny_model(kind, task), at or tmp_path / f"bundle-{made}")
        return seal(folder, task=task, labels=LABELS[task], **changes)

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
