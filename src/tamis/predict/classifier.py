"""Classifier: a trained model that answers, the same object behind Python, the command line and the server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import Prediction, UsageError
from tamis.decide import Decider
from tamis.models import Bundle, load_linear, open_bundle
from tamis.predict.engine import Engine, Floats32, RawScores
from tamis.predict.engines import load_engine
from tamis.predict.scorer import EncoderScorer, LinearScorer, Prepared, Scorer

WINDOW_ROWS = 4096
"""So many texts are sorted by length together; more saves hardly any padding and costs memory."""

_LINEAR_TOKENS = 16_384  # a linear model reads in no passes; so much is quick and not for long

Texts = Sequence[str | None]


@dataclass(frozen=True)
class _Window:
    """Some texts on their way: which of them are empty, and the others made ready."""

    texts: int
    empty: npt.NDArray[np.bool_]
    prepared: Prepared | None


class Classifier:
    """Says which labels texts have, how sure it is, and why it keeps silent.

    What it says of a text does not depend on the texts beside it.
    """

    def __init__(self, bundle: Bundle, scorer: Scorer) -> None:
        self.bundle = bundle
        self.decider = _decider(bundle, scorer)
        self._scorer = scorer

    @classmethod
    def open(
        cls,
        bundle: Bundle | Path | str,
        *,
        engine: str = "auto",
        threads: int = 0,
        batch_tokens: int = 0,
        device: str = "auto",
    ) -> Classifier:
        """Return the classifier of a bundle or of its folder; `engine` auto is what the bundle recorded.

        `threads` 0 is as many as there are cores; `batch_tokens` bounds one pass, 0 is what suits the engine.
        """
        opened = bundle if isinstance(bundle, Bundle) else open_bundle(Path(bundle))
        if opened.manifest.family == "linear":
            if engine != "auto" or device not in ("auto", "cpu"):
                asked = f"engine {engine}" if engine != "auto" else f"device {device}"
                raise UsageError(f"{opened.name} is a linear model, which runs by itself: no {asked}")
            return cls(opened, LinearScorer(load_linear(opened.path)))
        loaded = load_engine(opened, engine, threads=threads, device=device)
        return cls.of_engine(opened, loaded, batch_tokens=batch_tokens)

    @classmethod
    def of_engine(cls, bundle: Bundle, engine: Engine, *, batch_tokens: int = 0) -> Classifier:
        """Return the classifier that runs a bundle's encoder with a given engine."""
        tokens = batch_tokens or engine.batch_tokens
        return cls(bundle, EncoderScorer(engine, bundle.tokenizer, bundle.manifest.long_text, tokens))

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the scores, in their order."""
        return self.bundle.task.outputs

    @property
    def several(self) -> bool:
        """True when a text may have several labels, so that predictions hold a tuple of them."""
        return not self.bundle.task.exclusive

    @property
    def engine(self) -> str:
        """What runs the model: linear, torch, onnxruntime or openvino."""
        return self._scorer.engine.name if isinstance(self._scorer, EncoderScorer) else "linear"

    @property
    def batch_tokens(self) -> int:
        """How many tokens one pass through the model takes."""
        return self._scorer.batch_tokens if isinstance(self._scorer, EncoderScorer) else _LINEAR_TOKENS

    @property
    def side_by_side(self) -> int:
        """How many threads may ask at the same time, each for what runs on one thread."""
        return self._scorer.side_by_side

    def raw(self, texts: Texts, *, alone: bool = True) -> RawScores:
        """Return the scores before calibration and decision; None is an empty text.

        What is not `alone` runs beside what other threads ask, and leaves them their cores.
        """
        if not alone:
            return self._finish(self._prepare(texts), alone=False)
        parts = list(self._scored(texts[start : start + WINDOW_ROWS] for start in range(0, len(texts), WINDOW_ROWS)))
        if len(parts) == 1:
            return parts[0]
        return _joined(parts) if parts else self._finish(self._prepare([]))

    def probabilities(self, texts: Texts) -> npt.NDArray[np.float64]:
        """Return the calibrated probability of each label, a row for each text."""
        return self.decider.calibration.probabilities(self.bundle.task, self.raw(texts).logits)

    def predict(self, texts: Texts, ids: Sequence[str] | None = None) -> list[Prediction]:
        """Return one prediction a text, in order; without ids they are numbered from 1."""
        _check(texts)
        names = [str(number) for number in range(1, len(texts) + 1)] if ids is None else list(map(str, ids))
        if len(names) != len(texts):
            raise UsageError(f"{len(names)} ids for {len(texts)} texts")
        return self.decide(names, self.raw(texts))

    def stream(self, batches: Iterable[tuple[Sequence[str], Texts]]) -> Iterator[list[Prediction]]:
        """Yield the predictions of each batch of (ids, texts); the next batch is made ready while one runs.

        Batches of some thousand texts waste the least on padding.
        """
        names: list[Sequence[str]] = []

        def texts() -> Iterator[Texts]:
            for ids, some in batches:
                names.append(ids)
                yield some

        for raw in self._scored(texts()):
            yield self.decide(names.pop(0), raw)

    def _scored(self, windows: Iterable[Texts]) -> Iterator[RawScores]:
        """Score windows one after the other, with one window's tokens always ahead."""
        waiting = iter(windows)
        first, second = next(waiting, None), next(waiting, None)
        if first is None:
            return
        if second is None:  # the usual case online: no thread
            yield self._finish(self._prepare(first))
            return
        with ThreadPoolExecutor(1, thread_name_prefix="tamis-tokens") as ahead:
            ready = self._prepare(first)
            for texts in chain([second], waiting):
                following = ahead.submit(self._prepare, texts)
                yield self._finish(ready)
                ready = following.result()
            yield self._finish(ready)

    def _prepare(self, texts: Texts) -> _Window:
        cleaned = self.bundle.cleaner.clean_many(texts)
        filled = [text for text in cleaned if text and not text.isspace()]
        if len(filled) == len(cleaned):
            empty = np.zeros(len(cleaned), np.bool_)
        else:
            empty = np.array([not text or text.isspace() for text in cleaned], np.bool_)
        return _Window(len(cleaned), empty, self._scorer.prepare(filled) if filled else None)

    def _finish(self, window: _Window, *, alone: bool = True) -> RawScores:
        if window.prepared is None:
            rows = window.texts
            nothing = np.zeros((rows, len(self.labels)), np.float32)
            return RawScores(nothing, None, np.zeros(rows, np.int32), np.zeros(rows, np.bool_), window.empty)
        scored = self._scorer.score(window.prepared, alone=alone)
        if not window.empty.any():
            return RawScores(scored.logits, scored.pooled, scored.tokens, scored.cut, window.empty, scored.padding)
        places = np.flatnonzero(~window.empty)

        def spread(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
            filled = np.zeros((window.texts, *values.shape[1:]), values.dtype)
            filled[places] = values
            return filled

        pooled: Floats32 | None = None if scored.pooled is None else spread(scored.pooled)
        return RawScores(
            spread(scored.logits), pooled, spread(scored.tokens), spread(scored.cut), window.empty, scored.padding
        )

    def decide(self, ids: Sequence[str], raw: RawScores) -> list[Prediction]:
        """Return what is said of texts whose raw scores are known."""
        if not len(raw):
            return []
        decider = self.decider
        if decider.unknown is not None and raw.empty.all():  # nothing ran, so there is nothing to compare
            decider = decider.model_copy(update={"unknown": None})
        return decider.decide(
            self.bundle.task, raw.logits, ids=ids, empty=raw.empty, pooled=raw.pooled, model=self.bundle.name
        )


def _decider(bundle: Bundle, scorer: Scorer) -> Decider:
    """What was fitted to the scores that will come."""
    plain = bundle.manifest.decider
    if isinstance(scorer, EncoderScorer):
        plain = bundle.manifest.decider_for(scorer.engine.name, scorer.engine.precision)
    return plain.load(bundle.path)


def _joined(parts: Sequence[RawScores]) -> RawScores:
    width = next((part.pooled.shape[1] for part in parts if part.pooled is not None), None)
    pooled = None
    if width is not None:  # a window of empty texts has none
        pooled = np.concatenate(
            [np.zeros((len(part), width), np.float32) if part.pooled is None else part.pooled for part in parts]
        )
    return RawScores(
        logits=np.concatenate([part.logits for part in parts]),
        pooled=pooled,
        tokens=np.concatenate([part.tokens for part in parts]),
        cut=np.concatenate([part.cut for part in parts]),
        empty=np.concatenate([part.empty for part in parts]),
        padding=sum(part.padding for part in parts),
    )


def _check(texts: Any) -> None:
    if isinstance(texts, str | bytes):
        raise UsageError("texts are a list, not one text", hint="write predict([text])")
