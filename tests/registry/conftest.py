"""What tests of the registry start from: runs whose bundles hold a few bytes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tamis.core import Workspace
from tamis.models import Bundle, add_to_bundle


@pytest.fixture
def make_run(workspace: Workspace, seal: Callable[..., Bundle]) -> Callable[..., str]:
    """A function that makes a run with a bundle and returns its name: `make_run(1)`, `make_run(2, macro_f1=0.75)`."""

    def make(number: int = 1, **scores: float) -> str:
        folder: Path = workspace.runs / f"reviews-linear-{number}" / "bundle"
        folder.mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(f"weights {number}".encode() * 100)
        bundle = seal(folder, labels=["bad", "good"], family="linear", settings={"epochs": number, "seed": 1})
        if scores:
            intervals = {
                name: {"model": {"value": value, "low": value - 0.25, "high": value + 0.125}, "baseline": None}
                for name, value in scores.items()
            }
            said = {"source": "reviews@1", "split": "test", "rows": 50, "main_metric": "macro_f1", "scores": intervals}
            add_to_bundle(bundle, "evaluation.json", json.dumps(said))
        return folder.parent.name

    return make
