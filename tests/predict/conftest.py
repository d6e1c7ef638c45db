"""Tiny models of each family, made on the spot."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tamis.core import LabelSet
from tamis.export import write_onnx
from tamis.models import Bundle, fit_linear
from tamis.tasks import task_for

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip
CLEANED = {"cleaning": ("whitespace",)}


@pytest.fixture(scope="session")
def tiny_weights(tiny_model: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random encoder with three outputs, with its ONNX file."""
    folder = shutil.copytree(tiny_model(), tmp_path_factory.mktemp("weights") / "model")
    write_onnx(folder, folder / "model.onnx")
    return folder


@pytest.fixture
def make_bundle(tiny_weights: Path, seal: Callable[..., Bundle], tmp_path: Path) -> Callable[..., Bundle]:
    """A function that seals a copy of the tiny encoder: `make_bundle(task="ordinal", labels=["1", "2", "3"])`."""
    made = 0

    def make(*, labels: Sequence[str] = ("bad", "good", "odd"), onnx: bool = True, **changes: Any) -> Bundle:
        nonlocal made
        made += 1
        left_out = None if onnx else shutil.ignore_patterns("model.onnx")
        folder = shutil.copytree(tiny_weights, tmp_path / f"bundle-{made}", ignore=left_out)
        return seal(folder, labels=labels, **{**CLEANED, **changes})

    return make


@pytest.fixture
def make_linear(seal: Callable[..., Bundle], tmp_path: Path) -> Callable[..., Bundle]:
    """A function that fits a linear model to random texts and seals it."""
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
        return seal(folder, task=task, labels=labels, family="linear", **{**CLEANED, **changes})

    return make


@pytest.fixture
def random_texts() -> Callable[..., list[str]]:
    """A function that gives texts of mixed lengths, some of them empty: `random_texts(100, seed=3)`."""

    def make(count: int, *, seed: int = 0, most: int = 60) -> list[str]:
        random = np.random.default_rng(seed)
        return [" ".join(random.choice(WORDS, size).tolist()) for size in random.integers(0, most, count)]

    return make
