"""Scorer: cleaned texts in, raw scores out, whatever family the model is of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tamis.features import LongText, Tokenizer, TokenRows, cheapest_batches, tokenize, word_counts, words
from tamis.models import LinearModel
from tamis.predict.engine import Engine, Floats32

PASS_TOKENS = 16
"""What a pass takes besides its tokens, in tokens: ONNX Runtime worked off passes of 256 at .96 the rate of 1,024."""
_MANY = 100


@dataclass(frozen=True)
class Prepared:
    """Texts ready for the model: what can be made ready while the texts before still run."""

    texts: Sequence[str]
    rows: TokenRows | None = None


@dataclass(frozen=True)
class Scored:
    """Raw scores of texts that are not empty."""

    logits: Floats32
    pooled: Floats32 | None
    tokens: npt.NDArray[np.int32]
    cut: npt.NDArray[np.bool_]
    padding: int = 0


class Scorer(Protocol):
    """Scores cleaned texts that are not empty."""

    @property
    def side_by_side(self) -> int:
        """How many threads may score at the same time."""
        ...

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Do what needs no model; may run in another thread."""
        ...

    def score(self, prepared: Prepared, *, alone: bool = True) -> Scored:
        """Run the model; what is not `alone` runs beside others, and on one thread."""
        ...


@dataclass(frozen=True)
class EncoderScorer:
    """Scores with an encoder: tokens, batches of like length, and the mean over the windows of long texts."""

    engine: Engine
    tokenizer: Tokenizer
    long_text: LongText
    batch_tokens: int

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Turn texts into token rows."""
        return Prepared(texts, tokenize(texts, self.tokenizer, self.long_text))

    @property
    def side_by_side(self) -> int:
        """How many threads may score at the same time."""
        return self.engine.side_by_side

    def score(self, prepared: Prepared, *, alone: bool = True) -> Scored:
        """Run the engine on batches of like length and put the rows back in the order of the texts."""
        rows = prepared.rows
        assert rows is not None
        logits: Floats32 | None = None
        pooled: Floats32 | None = None
        padding = 0
        for pieces, scores, means, wasted in self._passes(rows, alone=alone):
            padding += wasted
            if logits is None:
                logits = np.empty((len(rows), scores.shape[1]), np.float32)
                pooled = None if means is None else np.empty((len(rows), means.shape[1]), np.float32)
            logits[pieces] = scores
            if pooled is not None and means is not None:
                pooled[pieces] = means
        assert logits is not None, "empty texts never come here"
        cut = rows.lengths > self.long_text.max_tokens
        if self.long_text.policy == "windows":
            cut = np.zeros_like(cut)
        return Scored(
            logits=_mean_over_pieces(logits, rows.texts, len(prepared.texts)),
            pooled=None if pooled is None else _mean_over_pieces(pooled, rows.texts, len(prepared.texts)),
            tokens=rows.lengths,
            cut=cut,
            padding=padding,
        )

    def _passes(
        self, rows: TokenRows, *, alone: bool
    ) -> Iterator[tuple[npt.NDArray[np.int64], Floats32, Floats32 | None, int]]:
        """Yield of each pass which pieces went through, what came out, and how many places were padding."""

        def run(
            pieces: npt.NDArray[np.int64], *, alone: bool
        ) -> tuple[npt.NDArray[np.int64], Floats32, Floats32 | None, int]:
            ids, mask = rows.padded(pieces, pad=self.tokenizer.pad)
            scores, means = self.engine.run(ids, mask, alone=alone)
            return pieces, scores, means, mask.size - int(mask.sum())

        passes = cheapest_batches(rows.sizes, batch_tokens=self.batch_tokens, pass_tokens=PASS_TOKENS)
        threads = self.engine.side_by_side
        if not alone or threads == 1 or len(passes) < threads:
            yield from (run(pieces, alone=alone) for pieces in passes)
            return
        with ThreadPoolExecutor(threads, thread_name_prefix="tamis-pass") as pool:
            yield from pool.map(partial(run, alone=False), passes)


@dataclass(frozen=True)
class LinearScorer:
    """Scores with a linear model, which reads all of every text."""

    model: LinearModel
    side_by_side = 1

    def prepare(self, texts: Sequence[str]) -> Prepared:
        """Nothing is to be made ready."""
        return Prepared(texts)

    def score(self, prepared: Prepared, *, alone: bool = True) -> Scored:
        """Return the model's logits."""
        texts = prepared.texts  # polars counts quicker, but takes a while to start
        tokens = word_counts(texts) if len(texts) > _MANY else np.array([len(words(text)) for text in texts], np.int32)
        logits = np.asarray(self.model.logits(texts), np.float32)
        return Scored(logits=logits, pooled=None, tokens=tokens, cut=np.zeros(len(tokens), np.bool_))


def _mean_over_pieces(values: Floats32, texts: npt.NDArray[np.int64], count: int) -> Floats32:
    if len(values) == count:  # each text is one piece
        return values
    starts = np.searchsorted(texts, np.arange(count))
    sums = np.add.reduceat(values, starts, axis=0, dtype=np.float64)
    return (sums / np.bincount(texts, minlength=count)[:, None]).astype(np.float32)
