"""TokenRows: texts as the numbers a model reads, one flat array for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.features.long_text import LongText
from tamis.features.tokens import Tokenizer


@dataclass(frozen=True)
class TokenRows:
    """The pieces that texts were cut into: piece p is `ids[offsets[p]:offsets[p + 1]]`, special tokens included.

    A text has one piece unless it was read in windows. The arrays may be memory-mapped.
    """

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.int64]
    texts: npt.NDArray[np.int64]
    """Which text each piece is of, from 0, ascending."""
    lengths: npt.NDArray[np.int32]
    """How many tokens each text has in all: more than `max_tokens` means that it was cut."""

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def sizes(self) -> npt.NDArray[np.int64]:
        """How many tokens each piece has."""
        return np.diff(self.offsets)

    def padded(
        self, pieces: npt.NDArray[np.int64] | Sequence[int], *, pad: int
    ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return some pieces as a table of ids, filled up with `pad` to the longest, and its mask of 1 and 0."""
        starts = self.offsets[:-1][pieces]
        sizes = self.offsets[1:][pieces] - starts
        places = np.arange(int(sizes.max(initial=0)))
        mask = places < sizes[:, None]
        where = np.minimum(starts[:, None] + places, max(len(self.ids) - 1, 0))
        ids = np.where(mask, self.ids[where] if len(self.ids) else pad, pad)
        return ids.astype(np.int64), mask.astype(np.int64)


def tokenize(texts: Sequence[str], tokenizer: Tokenizer, long_text: LongText) -> TokenRows:
    """Return cleaned texts as token rows, cut as `long_text` says."""
    pieces: list[npt.NDArray[np.int32]] = []
    owners: list[int] = []
    lengths = np.zeros(len(texts), dtype=np.int32)
    special, engine = tokenizer.special, tokenizer.engine
    # for one text, waking the library's threads takes longer than the work
    encodings = [engine.encode(texts[0])] if len(texts) == 1 else engine.encode_batch_fast(list(texts))
    for number, encoding in enumerate(encodings):
        ids = np.array(encoding.ids, dtype=np.int32)
        lengths[number] = len(ids)
        cut = long_text.cut(ids, special=special)
        pieces += cut
        owners += [number] * len(cut)
    offsets = np.concatenate([[0], np.cumsum([len(piece) for piece in pieces], dtype=np.int64)])
    return TokenRows(
        ids=np.concatenate(pieces) if pieces else np.zeros(0, np.int32),
        offsets=offsets.astype(np.int64),
        texts=np.array(owners, dtype=np.int64),
        lengths=lengths,
    )
