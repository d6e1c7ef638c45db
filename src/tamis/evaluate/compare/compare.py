"""Compare: is one model better than another on the same rows, or is it chance?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from tamis.core import Progress, Silent
from tamis.evaluate.compare.align import align
from tamis.evaluate.compare.chance import holm, swap_test
from tamis.evaluate.compare.mcnemar import McNemar
from tamis.evaluate.compare.result import Changed, Comparison, Difference, PartDifference
from tamis.evaluate.intervals import Bootstrap, Interval, Measured, difference, measure, only
from tamis.evaluate.rows import ScoredRows
from tamis.evaluate.slices import Part

_SWAPS = 1000
_PART_RESAMPLES = 500
_POWER = 0.8


def compare_models(
    first: ScoredRows,
    second: ScoredRows,
    *,
    parts: Sequence[Part] = (),
    least: int = 30,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
    notes: Sequence[str] = (),
    progress: Progress = Silent(),
) -> Comparison:
    """Return what two models do differently on the same rows, with intervals from draws that both share.

    `parts` are slices to look at as well; those with fewer than `least` labelled rows are left out.
    """
    first, second, said = align(first, second)
    said += notes
    known = first.known
    bootstrap = Bootstrap.of(
        known, resamples=resamples, confidence=confidence, seed=seed, groups=first.groups, texts=first.texts
    )
    name = first.task.main_metric
    enough = [part for part in parts if (part.inside & known).sum() >= least]
    with progress.track("comparing", total=3 + len(enough), unit="parts") as advance:
        one, other = measure(first.tally, bootstrap), measure(second.tally, bootstrap)
        differences = [
            Difference(
                measure=measure_name,
                first=one.overall[measure_name].value,
                second=other.overall[measure_name].value,
                by=found,
            )
            for measure_name in one.overall
            if (found := difference(measure_name, other, one, bootstrap)) is not None and isfinite(found.value)
        ]
        differences.sort(key=lambda found: found.measure != name)
        advance(1)
        p = swap_test(first, second, name, bootstrap, draws=_SWAPS)
        advance(1)
        compared = _of_labels(first, second, _labels(first), bootstrap)
        advance(1)
        for part in enough:
            compared.append(_compared(first, second, part, bootstrap))
            advance(1)
    main = next(found for found in differences if found.measure == name)
    mcnemar = _mcnemar(first, second, known)
    needed, detectable = _sizes(main, one, other, bootstrap, rows=int(known.sum()))
    if bootstrap.by == "groups":
        said.append("McNemar's test takes every row for a case of its own; the intervals draw whole groups")
    if not first.answered.all() or not second.answered.all():
        silent, silent_too = (int((~rows.answered & known).sum()) for rows in (first, second))
        said.append(
            f"where a model keeps silent its most probable label is judged: {first.model} keeps silent on "
            f"{silent:,} rows, {second.model} on {silent_too:,}"
        )
    answers, same = _answers(first, second, known)
    adjusted = [
        replace(part, p=p_holm)
        for part, p_holm in zip(compared, holm([part.mcnemar.p for part in compared]), strict=True)
    ]
    return Comparison(
        first=first.model,
        second=second.model,
        data=first.name,
        rows=int(known.sum()),
        by=bootstrap.by,
        units=bootstrap.count,
        main=main,
        p=p,
        mcnemar=mcnemar,
        odds=mcnemar.odds(confidence),
        differences=tuple(differences),
        labels=tuple(part for part in adjusted if part.by == "label"),
        slices=tuple(part for part in adjusted if part.by != "label"),
        changed=tuple(_changed(first, second, known)),
        answers=answers,
        same=same,
        detectable=detectable,
        rows_needed=needed,
        resamples=bootstrap.resamples,
        confidence=confidence,
        notes=tuple(dict.fromkeys([*first.warnings, *second.warnings, *said])),
    )


def _labels(rows: ScoredRows) -> list[Part]:
    """The rows that bear each label."""
    parts = [
        Part("label", label, np.array([_bears(truth, label) for truth in rows.task_labels], np.bool_))
        for label in rows.task.label_set
    ]
    return [part for part in parts if part.inside.any()]


def _bears(truth: Any, label: str) -> bool:
    if truth is None or isinstance(truth, str):
        return bool(truth == label)
    return any(label in (one, *(one if isinstance(one, tuple) else ())) for one in truth)


def _compared(first: ScoredRows, second: ScoredRows, part: Part, bootstrap: Bootstrap) -> PartDifference:
    inside = part.inside & first.known
    draws = replace(bootstrap.within(inside), resamples=min(bootstrap.resamples, _PART_RESAMPLES))
    name = first.task.main_metric
    one, other = (measure(only(rows.tally_of(inside), name), draws) for rows in (first, second))
    by = difference(name, other, one, draws)
    assert by is not None
    found = Difference(measure=name, first=one.overall[name].value, second=other.overall[name].value, by=by)
    return _part(part, found, _mcnemar(first, second, inside))


def _of_labels(
    first: ScoredRows, second: ScoredRows, parts: Sequence[Part], bootstrap: Bootstrap
) -> list[PartDifference]:
    """The F1 of each label, over all rows: those that wrongly got it count as well."""
    draws = replace(bootstrap, resamples=min(bootstrap.resamples, _PART_RESAMPLES))
    one, other = (_f1_of_labels(rows, draws) for rows in (first, second))
    found = []
    for part in parts:
        by = difference("f1", other[part.name], one[part.name], draws)
        assert by is not None
        values = (measured[part.name].overall["f1"].value for measured in (one, other))
        found.append(
            _part(
                part,
                Difference(measure="f1", first=next(values), second=next(values), by=by),
                _mcnemar(first, second, part.inside & first.known),
            )
        )
    return found


def _f1_of_labels(rows: ScoredRows, draws: Bootstrap) -> dict[str, Measured]:
    tally = only(rows.tally, "macro_f1")
    drawn = np.concatenate([tally.resampled(weights).by_label["f1"] for weights in draws.weights()])
    exact = tally.by_label()
    return {
        label: Measured({"f1": Interval(exact[label]["f1"], np.nan, np.nan)}, {}, {"f1": drawn[:, place]})
        for place, label in enumerate(tally.labels)
    }


def _part(part: Part, found: Difference, mcnemar: McNemar) -> PartDifference:
    return PartDifference(by=part.by, name=part.name, rows=mcnemar.rows, difference=found, mcnemar=mcnemar, p=mcnemar.p)


def _mcnemar(first: ScoredRows, second: ScoredRows, inside: npt.NDArray[np.bool_]) -> McNemar:
    one, other = first.wrong[inside] == 0, second.wrong[inside] == 0
    return McNemar(lost=int((one & ~other).sum()), gained=int((~one & other).sum()), rows=int(inside.sum()))


def _sizes(
    main: Difference, one: Measured, other: Measured, bootstrap: Bootstrap, *, rows: int
) -> tuple[int | None, float]:
    """How many rows would show the difference that is seen, and which difference these rows would show.

    Both with a power of 0.8, from the spread of the difference over the draws, which shrinks with the root of the rows.
    """
    draws = other.drawn[main.measure] - one.drawn[main.measure]
    spread = float(np.nanstd(draws)) if len(draws) else 0.0
    normal = NormalDist()
    times = normal.inv_cdf((1 + bootstrap.confidence) / 2) + normal.inv_cdf(_POWER)
    seen = abs(main.by.value)
    if seen < 1e-9 or not isfinite(spread):
        return None, times * spread
    return max(1, round(rows * (times * spread / seen) ** 2)), times * spread


def _changed(first: ScoredRows, second: ScoredRows, known: npt.NDArray[np.bool_]) -> list[Changed]:
    rows = np.flatnonzero(known & (first.wrong != second.wrong))
    moved = _moved(first, second)
    found = [
        Changed(
            id=first.ids[row],
            text=first.texts[row],
            truth=first.task_labels[row],
            first=first.answers[row],
            second=second.answers[row],
            gained=bool(second.wrong[row] == 0),
            moved=float(moved[row]),
        )
        for row in rows.tolist()
    ]
    return sorted(found, key=lambda row: -abs(row.moved))


def _moved(first: ScoredRows, second: ScoredRows) -> npt.NDArray[np.float64]:
    """By how much the probability of the truth rose on each row."""
    if first.probabilities is None or second.probabilities is None:
        return np.zeros(len(first))
    rose = second.probabilities - first.probabilities
    names = first.task.outputs
    bears = np.array([[_bears(truth, name) for name in names] for truth in first.task_labels], np.bool_)
    if first.task.name == "multi_label":
        return np.asarray(np.where(bears, rose, -rose).mean(axis=1), np.float64)
    return np.asarray((rose * bears).sum(axis=1), np.float64)


def _answers(
    first: ScoredRows, second: ScoredRows, known: npt.NDArray[np.bool_]
) -> tuple[dict[tuple[str, str], int], int]:
    """How often one said this and the other that, the commonest first, and how often they said the same."""
    pairs: Counter[tuple[str, str]] = Counter()
    same = 0
    for row in np.flatnonzero(known).tolist():
        one, other = label_text(first.answers[row]), label_text(second.answers[row])
        if one == other:
            same += 1
        else:
            pairs[one, other] += 1
    return dict(pairs.most_common()), same


def label_text(label: Any) -> str:
    """Return an answer in words."""
    if label is None:
        return "(silence)"
    if isinstance(label, str):
        return label
    return ", ".join(sorted(map(str, label))) or "(no label)"
