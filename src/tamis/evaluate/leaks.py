"""Leaks: rows to be judged on whose very text the model has learned from."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from tamis.data import Dataset
from tamis.features import Cleaner, exact_groups


def rows_in_training(texts: list[str], dataset: Dataset, cleaner: Cleaner) -> npt.NDArray[np.bool_]:
    """Return which texts stand in the training split too, once cleaned; case and white space do not count."""
    learned: list[str] = []
    for batch in dataset.batches(["text", "split", "label"]):
        inside = pc.and_(pc.fill_null(pc.equal(batch["split"], "train"), False), batch["label"].is_valid())
        learned += [text or "" for text in batch["text"].filter(inside).to_pylist()]
    first = exact_groups([*cleaner.clean_many(learned), *cleaner.clean_many(texts)])
    return first[len(learned) :] < len(learned)
