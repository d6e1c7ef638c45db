"""What tests of serving start from: tiny linear bundles, made once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tamis.core import LabelSet
from tamis.data import Schema
from tamis.tasks import task_for

if TYPE_CHECKING:
    from tamis.models import Bundle

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip


@pytest.fixture(scope="session")
def make_linear(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bundle]:
    """A function that returns a tiny linear bundle; another `seed` is another model: `make_linear(seed=2)`."""
    made: dict[tuple[object, ...], Bundle] = {}

    def make(
        *,
        seed: int = 1,
        task: str = "single_label",
        labels: Sequence[str] = ("bad", "good", "odd"),
        at: Path | None = None,
    ) -> Bundle:
        from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec, fit_linear, seal_bundle

        key = (seed, task, tuple(labels), at)
        if key not in made:
            folder = at or tmp_path_factory.mktemp("linear") / "bundle"
            folder.mkdir(parents=True, exist_ok=True)
            chosen = task_for(task, LabelSet(labels))
            random = np.random.default_rng(seed)
            texts = [" ".join(random.choice(WORDS, 8)) for _ in range(60)]
            said = [labels[WORDS.index(text.split()[0]) % len(labels)] for text in texts]
            targets = chosen.encode([[each] for each in said] if task == "multi_label" else said)
            fit_linear(texts, targets, chosen)[0].save(folder)
            made[key] = seal_bundle(
                folder,
                BundleManifest(
                    name=f"tiny-linear-{seed}.abcd",
                    family="linear",
                    task=TaskSpec.of(chosen),
                    schema_=Schema(text=("text",), label=("label",)),
                    engine=EngineChoice(name="linear", file="model.safetensors"),
                    lineage=Lineage(
                        run=f"tiny-linear-{seed}",
                        fingerprint="abcd",
                        dataset="reviews@1",
                        dataset_fingerprint="ef",
                        tamis="0.1.0",
                        created=datetime(2026, 1, 1, tzinfo=UTC),
                    ),
                    cleaning=("whitespace",),
                ),
            )
        return made[key]

    return make
