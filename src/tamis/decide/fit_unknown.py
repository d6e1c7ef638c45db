"""Fitting what tells unknown text: labels are left out by turns, and the way that tells their rows best is taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import UsageError
from tamis.decide.parting import area, parting_number
from tamis.decide.references import learn
from tamis.decide.unknown import Unknown, UnknownMethod, energy, mahalanobis, neighbour_distance
from tamis.tasks import Task

Bools = npt.NDArray[np.bool_]
Numbers = npt.NDArray[np.float64]
MOST_REFERENCES = 2000
"""So many training texts tell what known text looks like: more are not compared, and a bundle keeps no more."""
_ROWS = 5000  # that are compared while choosing
_TURNS = 8  # labels left out at most, the largest
_FEWEST = 5  # rows of a label that is left out
_BARELY = 0.6  # area under the ROC curve below which nothing is told apart
_NEIGHBOURS = 10


class UnknownReport(BaseModel):
    """Which way of telling unknown text was taken, and how well it tells labels that were left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    """none: nothing was worth it."""
    auroc: dict[str, float] = {}
    """Of each way that was tried: how often a text of a label left out is stranger than one of a label left in."""
    by_label: dict[str, float] = {}
    """The same of the way taken, for each label left out."""
    known_told: float | None = None
    """The share of known text beyond the threshold."""
    left_out_told: float | None = None
    """The share of text of labels left out beyond the threshold."""
    reason: str


@dataclass(frozen=True)
class Rows:
    """Rows with their scores, embeddings and a table of which labels they bear."""

    bears: Bools
    pooled: npt.NDArray[np.float32] | None
    logits: Numbers | None = None


def fit_unknown(
    task: Task, known: Rows, references: Rows | None, *, method: str, share: float, seed: int = 0
) -> tuple[Unknown | None, UnknownReport]:
    """Return what tells unknown text, from `references` (training rows) and `known` rows that the model did not learn.

    With three labels or more each is left out by turns: its rows play unknown text. The threshold lies where left-out
    rows are told best, but never takes more than `share` of known rows for unknown.
    """
    rng = np.random.default_rng(seed)
    known = _some(known, _ROWS, rng)
    if known.pooled is not None and references is None:
        cut = np.arange(len(known.bears)) % 2 == 0
        references, known = _at(known, np.flatnonzero(cut)), _at(known, np.flatnonzero(~cut))
    references = None if references is None or references.pooled is None else _some(references, MOST_REFERENCES, rng)
    ways: list[UnknownMethod] = ["energy"]
    if known.pooled is not None and references is not None:
        ways += ["mahalanobis", "neighbours"]
    if method != "auto":
        if method not in ways:
            raise UsageError(
                f"decide.unknown={method} needs the embeddings of an encoder, and this model has none",
                hint="choose energy",
            )
        ways = [way for way in ways if way == method]
    if len(known.bears) < 20:
        return None, UnknownReport(method="none", reason=f"{len(known.bears)} rows are too few to say what is known")
    turns = list(_turns(task, known))
    areas: dict[str, dict[str, float]] = {way: {} for way in ways}
    told: dict[str, list[tuple[Numbers, Numbers]]] = {way: [] for way in ways}
    for label in turns:
        out = known.bears[:, label]
        for way in ways:
            scores = _strangeness(task, way, known, references, without=label)
            areas[way][task.label_set.names[label]] = area(scores[~out], scores[out])
            told[way].append((scores[~out], scores[out]))
    means = {way: float(np.mean(list(each.values()))) for way, each in areas.items() if each}
    best: UnknownMethod = max(ways, key=lambda way: means[way]) if means else ways[-1]
    if method == "auto" and means and means[best] < _BARELY:
        reason = (
            f"no way tells labels left out from the others (the best: {best}, {means[best]:.2f} of 1, 0.5 is chance)"
        )
        return None, UnknownReport(method="none", auroc=means, reason=reason)
    scores = _strangeness(task, best, known, references)
    threshold = float(np.quantile(scores, 1 - share))
    reason = f"{best}: the threshold leaves {1 - share:.0%} of known text known"
    if turns:
        reason = f"{best}: tells labels left out the best; {reason.partition(': ')[2]}"
        parted = float(np.median([parting_number(inside, outside) for inside, outside in told[best]]))
        if parted > threshold:
            threshold, reason = parted, f"{best}: the threshold parts labels left out from the others the best"
    arrays = {} if references is None else learn(best, references.pooled, references.bears)
    left_out = [float((outside > threshold).mean()) for _, outside in told[best]]
    report = UnknownReport(
        method=best,
        auroc=means,
        by_label=areas[best],
        known_told=float((scores > threshold).mean()),
        left_out_told=float(np.mean(left_out)) if left_out else None,
        reason=reason,
    )
    return Unknown(method=best, threshold=threshold, neighbours=_NEIGHBOURS, arrays=arrays), report


def _turns(task: Task, known: Rows) -> Iterator[int]:
    sizes = known.bears.sum(axis=0)
    if len(task.label_set) >= 3:
        for label in np.argsort(-sizes, kind="stable")[:_TURNS].tolist():
            if _FEWEST <= sizes[label] <= len(known.bears) - _FEWEST:
                yield label


def _strangeness(
    task: Task, way: UnknownMethod, known: Rows, references: Rows | None, *, without: int | None = None
) -> Numbers:
    if way == "energy":
        assert known.logits is not None
        kept = known.logits if without is None else np.delete(known.logits, without, axis=1)
        return energy(kept, exclusive=task.exclusive)
    assert references is not None
    assert known.pooled is not None
    if without is not None:
        references = _at(references, np.flatnonzero(~references.bears[:, without]))
    arrays = learn(way, references.pooled, references.bears)
    if way == "mahalanobis":
        return mahalanobis(known.pooled, arrays)
    return neighbour_distance(known.pooled, arrays, _NEIGHBOURS)


def _at(rows: Rows, places: npt.NDArray[np.int64]) -> Rows:
    pooled = None if rows.pooled is None else rows.pooled[places]
    return Rows(rows.bears[places], pooled, None if rows.logits is None else rows.logits[places])


def _some(rows: Rows, most: int, rng: np.random.Generator) -> Rows:
    if len(rows.bears) <= most:
        return rows
    return _at(rows, np.sort(rng.choice(len(rows.bears), most, replace=False)))
