"""Tokens: how many each text has, where the tokenizer is installed."""

from __future__ import annotations

import numpy as np

from tamis.core import MissingExtra, Progress
from tamis.explore.lengths import Counts
from tamis.explore.rows import Rows
from tamis.features import count_tokens


def measure_tokens(
    rows: Rows, *, tokenizer: str, most: int, seed: int, progress: Progress
) -> tuple[Counts | None, str]:
    """Return the texts' token counts, of at most `most` rows; or None and why they could not be counted."""
    few = rows.some(most, seed=seed)
    try:
        counted = np.asarray(count_tokens(few.frame["text"], tokenizer=tokenizer, progress=progress), dtype=np.int64)
    except MissingExtra as error:
        return None, str(error)
    counted[few.frame["text"].str.strip_chars().str.len_bytes().to_numpy() == 0] = 0  # only the frame's own tokens
    return counted, ""
