"""Long choice: what is read of long texts, where validation is to say."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tamis.features import LongText, Tokenizer, tokenize
from tamis.models import fit_head, most_tokens
from tamis.train.events import Listener, Noted
from tamis.train.family import Assignment
from tamis.train.precision import Arithmetic

if TYPE_CHECKING:
    from tamis.train.rows import TrainingRows

_RARE = 0.01  # a smaller share of long texts decides nothing
_TRAIN, _JUDGED = 1000, 500  # texts that are tried
_POLICIES = ("head", "head_tail", "windows")  # from the quickest


def choose_long_text(
    given: Assignment, model: Any, tokenizer: Tokenizer, arithmetic: Arithmetic, *, emit: Listener
) -> LongText:
    """Return what is read of long texts: as asked, or for `auto` what validation prefers, within what the model takes.

    The ways are compared with a linear head on the means of the encoder before it is trained: a few hundred texts
    through the model once a way, instead of a training each. On equal scores the quicker way stays.
    """
    asked = given.settings.long_text
    base = asked if isinstance(asked, LongText) else LongText()
    limits = [limit for limit in (most_tokens(model), tokenizer.model_max_tokens) if limit]
    if limits and base.max_tokens > min(limits):
        base = base.model_copy(update={"max_tokens": min(limits)})
        if isinstance(asked, LongText) and "max_tokens" in asked.model_fields_set:
            message = f"max_tokens is {asked.max_tokens}, and the model reads {base.max_tokens}: those are shown"
            emit(Noted(kind="long_text", message=message))
    if asked != "auto" or not len(given.validation):
        return base
    train, judged = _sample(given.train, _TRAIN, given.seed), _sample(given.validation, _JUDGED, given.seed)
    cut = float(np.mean(tokenizer.count(train.texts) > base.max_tokens))
    if cut < _RARE:
        emit(Noted(kind="long_text", message=f"{cut:.1%} of texts are too long for the model: their beginning is read"))
        return base
    scores = {}
    model.to(arithmetic.device).eval()
    for policy in _POLICIES:
        way = base.model_copy(update={"policy": policy})
        scores[policy] = _score(given, model, tokenizer, arithmetic, way, train, judged)
    best = max(scores, key=lambda policy: scores[policy])  # of equals the first
    told = ", ".join(f"{policy} {score:.3f}" for policy, score in scores.items())
    message = f"{cut:.0%} of texts are too long for the model; {best} is read ({given.task.main_metric}: {told})"
    emit(Noted(kind="long_text", message=message))
    return base.model_copy(update={"policy": best})


def tell_cut(share: float, long_text: LongText, *, emit: Listener) -> None:
    """Tell how many training texts the model does not read to their end."""
    if share:
        read = "beginning" if long_text.policy == "head" else "beginning and end"
        message = f"{share:.1%} of training texts have more than {long_text.max_tokens} tokens: their {read} is read"
        emit(Noted(kind="long_text", message=message))


def _score(
    given: Assignment,
    model: Any,
    tokenizer: Tokenizer,
    arithmetic: Arithmetic,
    way: LongText,
    train: _Sample,
    judged: _Sample,
) -> float:
    from tamis.train.embed import text_means

    task = given.task
    features, others = (
        text_means(model, tokenize(texts, tokenizer, way), pad=tokenizer.pad, arithmetic=arithmetic)
        for texts in (train.texts, judged.texts)
    )
    head = fit_head(features, train.targets, task, validation=(others, judged.targets))
    return task.tally(task.truth(judged.labels), task.probabilities(head.logits(others))).score()[task.main_metric]


@dataclass(frozen=True)
class _Sample:
    texts: list[str]
    labels: pa.Array
    targets: npt.NDArray[Any]


def _sample(rows: TrainingRows, most: int, seed: int) -> _Sample:
    """Some texts with their labels, in order; one pass over the rows in flat memory."""
    chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
    texts, place, start = list[str](), 0, 0
    for batch in rows.batches():
        while place < len(chosen) and chosen[place] < start + len(batch):
            texts.append(batch[chosen[place] - start])
            place += 1
        start += len(batch)
    return _Sample(texts, rows.labels.take(pa.array(chosen)), rows.targets[chosen])
