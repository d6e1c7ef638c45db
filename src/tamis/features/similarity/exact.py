"""Exact copies: texts that are equal once case and white space are folded."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tamis.features.similarity.arrays import Hashes, Rows
from tamis.features.words import series

if TYPE_CHECKING:
    import polars as pl

    from tamis.features.words import Texts


def exact_groups(texts: Texts) -> Rows:
    """Return for each row the smallest row number with an equal text; its own when it is alone, empty or missing.

    Texts are equal when they differ in case and white space only.

    >>> exact_groups(["Free money", "hello", "free  MONEY ", "", ""]).tolist()
    [0, 1, 0, 3, 4]
    """
    hashes = [folded_hashes(part) for part in series(texts)]
    return first_equal(np.concatenate(hashes)) if hashes else np.zeros(0, dtype=np.int64)


def folded_hashes(texts: pl.Series) -> Hashes:
    """Return a hash of each text with case and white space folded; 0 for a text that is empty or missing."""
    import polars as pl

    folded = texts.str.to_lowercase().str.replace_all(r"\s+", " ").str.strip_chars().fill_null("")
    frame = pl.select(pl.when(folded == "").then(0).otherwise(folded.hash(seed=7)).alias("hash"))
    hashes: Hashes = frame["hash"].cast(pl.UInt64).to_numpy()
    return hashes


def first_equal(hashes: Hashes) -> Rows:
    """Return for each row the first row with the same hash; a hash of 0 is equal to none."""
    own = np.arange(len(hashes), dtype=np.int64)
    _, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
    return np.where(hashes == 0, own, first[inverse].astype(np.int64))
