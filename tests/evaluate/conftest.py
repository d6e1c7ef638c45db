"""Rows with made-up scores, for whatever takes scored rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tamis.core import LabelSet
from tamis.decide import Decider
from tamis.evaluate import LabelledRows, ScoredRows, scored
from tamis.predict import RawScores
from tamis.tasks import task_for


@pytest.fixture
def make_rows() -> Callable[..., ScoredRows]:
    """A function that gives scored rows: `make_rows(["a", "b", None], seed=1, strength=2)`.

    The logits are noise, raised by `strength` where the label is the true one.
    """

    def make(
        labels: Sequence[Any],
        *,
        names: Sequence[str] = ("a", "b", "c"),
        task: str = "single_label",
        strength: float = 2.0,
        seed: int = 0,
        texts: Sequence[str] | None = None,
        logits: Any = None,
        decider: Decider | None = None,
        parents: dict[str, str] | None = None,
        **columns: Any,
    ) -> ScoredRows:
        chosen = task_for(task, LabelSet(names), parents=parents)
        count = len(labels)
        if logits is None:
            logits = np.random.default_rng(seed).normal(size=(count, len(names)))
            for row, label in enumerate(labels):
                for each in (label,) if isinstance(label, str) else label or ():
                    logits[row, list(names).index(each)] += strength
            if task == "multi_label":
                logits -= strength / 2
        kind = pa.list_(pa.string()) if task == "multi_label" else pa.string()
        texts = [f"row number {row}" for row in range(count)] if texts is None else list(texts)
        rows = LabelledRows(
            name="made@1:test",
            ids=[f"r{row}" for row in range(count)],
            texts=list(texts),
            labels=pa.array(labels, kind),
            columns=pa.table({name: pa.array(values) for name, values in columns.items()}),
        )
        raw = RawScores(
            logits=np.asarray(logits, np.float32).reshape(count, len(names)),
            pooled=None,
            tokens=np.array([len(text.split()) for text in texts], np.int32),
            cut=np.zeros(count, np.bool_),
            empty=np.array([not text.strip() for text in texts], np.bool_),
        )
        return scored(rows, chosen, raw, decider=decider, model="made")

    return make
