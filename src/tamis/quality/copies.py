"""Copies: which rows say the same as others, exactly or nearly. Worked out once, read by several checks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from tamis.core import Progress
from tamis.features import find_near_duplicates, word_counts

_ADDRESSES = r"@\w+|https?://\S+|www\.\S+"


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The rows with their texts' kinship. Rows are numbered from 1."""

    rows: pl.DataFrame
    """One line for each row with text: `row`; `first`, the first row with this very text; `bag`, the first row with
    the same words in any order; `kin`, the first of all rows that hang together by being near-duplicates; and `words`,
    how many it has besides @mentions and addresses."""
    pairs: pl.DataFrame
    """Near-duplicates: `one` and `other` (each the `first` of its text) and `similarity`. Texts of the same words are
    each paired with the first of them only. Short texts are in no pair: one word more turns them."""


def find_copies(texts: pl.Series, *, threshold: float, near_words: int, progress: Progress) -> Copies:
    """Return the exact copies among texts, and the near ones among those of at least `near_words` words."""
    said = (texts.str.strip_chars() != "").to_numpy()
    every = pl.DataFrame({"text": texts}).with_row_index("row")
    groups = every.select(pl.col("row").first().over("text").cast(pl.Int64)).to_series().to_numpy()
    numbers = np.flatnonzero((groups == np.arange(len(groups))) & said)
    words = word_counts(texts.str.replace_all(_ADDRESSES, " "))
    numbers = numbers[words[numbers] >= near_words]
    found = find_near_duplicates(texts.gather(numbers), threshold=threshold, progress=progress)
    one, other = numbers[found.pairs[:, 0]], numbers[found.pairs[:, 1]]
    bag, kin = np.arange(len(groups)), np.arange(len(groups))
    kin[numbers] = numbers[found.groups]
    same_words = found.similarity >= 1
    bag[other[same_words]] = one[same_words]
    rows = pl.DataFrame(
        {
            "row": np.arange(1, len(groups) + 1),
            "first": groups + 1,
            "bag": bag[groups] + 1,
            "kin": kin[groups] + 1,
            "words": words,
        }
    )
    return Copies(
        rows=rows.filter(pl.Series(said)),
        pairs=pl.DataFrame({"one": one + 1, "other": other + 1, "similarity": found.similarity}),
    )
