"""Worlds to decide in: rows drawn from classes that overlap, scored by a model that is too sure of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest

from tamis.core import LabelSet
from tamis.tasks import MultiLabel, SingleLabel

OLID = LabelSet(["OFF", "UNT", "TIN", "IND", "GRP", "OTH"])
PARENTS = {"UNT": "OFF", "TIN": "OFF", "IND": "TIN", "GRP": "TIN", "OTH": "TIN"}


class Rows(NamedTuple):
    """Logits, embeddings and the truth of some rows."""

    logits: np.ndarray
    pooled: np.ndarray
    truth: np.ndarray


@pytest.fixture
def task() -> SingleLabel:
    """Three labels, one a text."""
    return SingleLabel(LabelSet(["a", "b", "c"]))


@pytest.fixture
def olid() -> MultiLabel:
    """Six labels that imply each other."""
    return MultiLabel(OLID, parents=PARENTS)


@pytest.fixture
def draw() -> Callable[..., Rows]:
    """Draws rows: `draw(500, seed=1, heat=3)`; logits are `heat` times those that would be right."""

    def rows(count: int, *, seed: int = 0, heat: float = 3.0, apart: float = 2.0, labels: int = 3) -> Rows:
        rng = np.random.default_rng(seed)
        truth = rng.integers(0, labels, count)
        pooled = rng.normal(size=(count, labels + 3))
        pooled[np.arange(count), truth] += apart
        return Rows((pooled[:, :labels] * apart * heat).astype(np.float32), pooled.astype(np.float32), truth)

    return rows


@pytest.fixture
def draw_sets() -> Callable[..., Rows]:
    """Draws rows of six labels with parents, from logits that are too high and too far apart."""

    def rows(count: int, *, seed: int = 0) -> Rows:
        rng = np.random.default_rng(seed)
        logits = rng.normal(size=(count, 6))
        truth = rng.random((count, 6)) < 1 / (1 + np.exp(-(1.5 * logits - 1)))
        for child in ("IND", "GRP", "OTH", "UNT", "TIN"):
            truth[:, OLID.index(PARENTS[child])] |= truth[:, OLID.index(child)]
        return Rows(4 * logits, logits, truth.astype(np.float32))

    return rows
