"""Speed: how long one text takes and how many go through in a second, all forms in turns."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from tamis.core import Progress, Silent
from tamis.predict import Classifier

_ROUNDS, _FEWEST_ROUNDS = 5, 3
_SINGLES = (4, 60)
_BATCH = (16, 512)


class Speed(BaseModel):
    """What a form takes on this machine, tokenising and deciding included."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    p50_ms: float
    """Of one text alone."""
    p95_ms: float
    texts_per_second: float
    """Of many texts at once; the median over the rounds."""
    singles: int
    """So many single texts were timed."""
    batch: int
    """So many texts went at once."""


def time_forms(
    classifiers: Mapping[str, Classifier],
    texts: Sequence[str],
    *,
    seconds: float,
    seed: int = 0,
    progress: Progress = Silent(),
) -> dict[str, Speed]:
    """Return the speed of each form on the same texts.

    Forms take turns, each round in another order: what else the machine does meanwhile meets all of them alike.
    """
    random = np.random.default_rng(seed)
    names = list(classifiers)
    for name in names:  # the first calls set up what later ones use
        classifiers[name].predict(list(texts[:8]))
    slowest = max(_single(classifiers[name], texts[0]) for name in names)
    each = seconds / (2 * _ROUNDS * len(names))
    singles = int(np.clip(each / slowest, *_SINGLES))
    batch = int(np.clip(each / slowest, *_BATCH))
    alone: dict[str, list[float]] = {name: [] for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    with progress.track("timing", total=_ROUNDS * len(names), unit="forms") as advance:
        started = time.perf_counter()
        for number in range(_ROUNDS):
            if number >= _FEWEST_ROUNDS and time.perf_counter() - started > seconds:
                break
            one_by_one = [texts[row] for row in random.integers(0, len(texts), singles)]
            together = [texts[row] for row in random.integers(0, len(texts), batch)]
            turn = number % len(names)
            for name in names[turn:] + names[:turn]:
                classifier = classifiers[name]
                alone[name] += [_single(classifier, text) for text in one_by_one]
                began = time.perf_counter()
                classifier.predict(together)
                rates[name].append(batch / (time.perf_counter() - began))
                advance(1)
    return {
        name: Speed(
            p50_ms=round(1000 * float(np.quantile(alone[name], 0.5)), 3),
            p95_ms=round(1000 * float(np.quantile(alone[name], 0.95)), 3),
            texts_per_second=round(float(np.median(rates[name])), 2),
            singles=len(alone[name]),
            batch=batch,
        )
        for name in names
    }


def _single(classifier: Classifier, text: str) -> float:
    began = time.perf_counter()
    classifier.predict([text])
    return time.perf_counter() - began
