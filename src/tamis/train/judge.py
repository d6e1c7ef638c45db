"""Judge: what validation rows say of a model while it is trained."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from tamis.features import TokenRows, length_batches
from tamis.train.course import Course
from tamis.train.loop import Judge, Judgement
from tamis.train.precision import Arithmetic
from tamis.train.rows import TrainingRows
from tamis.train.scoring import score_rows
from tamis.train.workers import Workers

_TOKENS = 4096  # of a pass


def judge_by(rows: TrainingRows, tokens: TokenRows, model: Any, course: Course) -> Judge:
    """Return what scores a model on validation rows; each of several workers does its share of them."""
    task = course.task

    def judge() -> Judgement | None:
        if not len(rows):
            return None
        logits = token_logits(model, tokens, pad=course.pad, arithmetic=course.arithmetic, workers=course.workers)
        losses = task.loss(torch.from_numpy(logits), torch.tensor(rows.targets), weights=None, smoothing=0.0, focal=0.0)
        probabilities = task.probabilities(logits)
        scores = score_rows(task, rows, probabilities)
        return Judgement(
            score=scores[task.main_metric],
            rows=len(rows),
            scores={**scores, "loss": float(losses.mean())},
            predicted=_counts(task.choose(probabilities), task.label_set.names),
        )

    return judge


def token_logits(
    model: Any, tokens: TokenRows, *, pad: int, arithmetic: Arithmetic, workers: Workers
) -> npt.NDArray[np.float32]:
    """Return the logits of each text: the mean of its pieces'."""
    batches = length_batches(tokens.sizes, batch_tokens=_TOKENS)[workers.rank :: workers.count]
    parts = []
    with torch.inference_mode(), arithmetic.shortened():
        for pieces in batches:
            ids, mask = (torch.from_numpy(part).to(arithmetic.device) for part in tokens.padded(pieces, pad=pad))
            parts.append((pieces, model(input_ids=ids, attention_mask=mask).logits.float().cpu().numpy()))
    done = [part for share in workers.gather(parts) for part in share]
    return mean_by_text(done, tokens)


def mean_by_text(
    parts: Iterable[tuple[npt.NDArray[np.int64], npt.NDArray[np.float32]]], tokens: TokenRows
) -> npt.NDArray[np.float32]:
    """Return one row a text: the mean of what came of its pieces, whatever order they came in."""
    known = list(parts)
    pieces = np.empty((len(tokens), known[0][1].shape[1]), np.float32)
    for places, values in known:
        pieces[places] = values
    texts = len(tokens.lengths)
    if texts == len(tokens):
        return pieces
    starts = np.searchsorted(tokens.texts, np.arange(texts))
    sums = np.add.reduceat(pieces, starts, axis=0, dtype=np.float64)
    return (sums / np.bincount(tokens.texts, minlength=texts)[:, None]).astype(np.float32)


def _counts(chosen: Iterable[Any], names: Iterable[str]) -> dict[str, int]:
    """How often each label was chosen, alone or among others."""
    found: Counter[str] = Counter()
    for labels in chosen:
        found.update([labels] if isinstance(labels, str) else labels or ())
    return {name: found[name] for name in names}
