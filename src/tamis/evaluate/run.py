"""evaluate_model: from a model and rows to an Evaluation."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

import tamis
from tamis.core import Progress, Silent, Workspace
from tamis.decide import Decider
from tamis.evaluate.baseline import TRAIN, Baseline, baseline_of, training_data
from tamis.evaluate.config import EvaluateSettings
from tamis.evaluate.confusion import confusion_of, worst_mistakes
from tamis.evaluate.curves import curves_of, reliability_bins
from tamis.evaluate.essence import essence_of
from tamis.evaluate.found import Found, find_slices
from tamis.evaluate.intervals import Bootstrap, Measured, difference, measure, only
from tamis.evaluate.labelled import LabelledRows
from tamis.evaluate.leaks import rows_in_training
from tamis.evaluate.promise import promise_of
from tamis.evaluate.report import Calibrated, Evaluation, LabelScores, Score
from tamis.evaluate.rows import ScoredRows, score_rows
from tamis.evaluate.silence import silence_of
from tamis.evaluate.slices import Part, Slices, by_column, by_conditions, by_length, slices_of
from tamis.evaluate.warnings import warnings_of
from tamis.predict import Classifier

_FEWEST_GROUPS = 20
_NOT_TOLD = frozenset({"coverage"})  # every row is answered here; silence has a section of its own
_MEANS_OF_PROBABILITIES = ("log_loss", "ece", "brier")


def evaluate_model(
    workspace: Workspace,
    classifier: Classifier,
    rows: LabelledRows,
    *,
    by: Sequence[str] = (),
    conditions: Sequence[str] = (),
    settings: EvaluateSettings | None = None,
    progress: Progress = Silent(),
) -> Evaluation:
    """Return how good a model is on labelled rows, every number with its interval and the baseline beside it.

    `by` names columns to slice by, `conditions` are slices as `name: SQL condition`.
    """
    began = time.monotonic()
    settings = settings or workspace.config.of(EvaluateSettings)
    bundle = classifier.bundle
    with progress.track("scoring", total=None, unit="rows") as advance:
        scored = score_rows(classifier, rows)
        advance(len(scored))
    baseline = baseline_of(workspace, bundle, rows, wanted=settings.baseline, progress=progress)
    data = training_data(workspace, bundle)
    learned = None
    if data is not None and not (rows.split == TRAIN and rows.dataset is not None and rows.dataset.ref == data.ref):
        learned = rows_in_training(scored.texts, data, bundle.cleaner) & scored.known
    return assemble(
        workspace,
        scored,
        baseline,
        learned=learned,
        by=by,
        conditions=conditions,
        settings=settings,
        decider=classifier.decider,
        run=bundle.manifest.lineage.run,
        length_unit="words" if bundle.manifest.family == "linear" else "tokens",
        began=began,
        progress=progress,
    )


def assemble(
    workspace: Workspace,
    scored: ScoredRows,
    baseline: Baseline,
    *,
    learned: npt.NDArray[np.bool_] | None = None,
    by: Sequence[str] = (),
    conditions: Sequence[str] = (),
    settings: EvaluateSettings | None = None,
    decider: Decider | None = None,
    run: str = "",
    length_unit: str = "words",
    began: float | None = None,
    progress: Progress = Silent(),
) -> Evaluation:
    """Return the evaluation of rows that are scored already; `learned` marks texts that stand in training."""
    began = time.monotonic() if began is None else began
    settings = settings or EvaluateSettings()
    bootstrap = _bootstrap(scored, settings)
    chosen = [list(by_column(scored, column)) for column in by]  # a wrong name is told before the work
    asked = by_conditions(scored, conditions, workspace)
    steps = 4 + bool(baseline.rows)
    with progress.track("intervals", total=steps, unit="steps") as advance:
        measured = measure(scored.tally, bootstrap)
        advance(1)
        other = measure(baseline.rows.tally, bootstrap) if baseline.rows is not None else None
        advance(1)
        scores = {name: _score(name, measured, other, bootstrap) for name in measured.overall if name not in _NOT_TOLD}
        labels = _labels(scored, measured, other)
        silence = silence_of(
            scored, bootstrap, answered=[name for name in scores if name not in _MEANS_OF_PROBABILITIES]
        )
        advance(1)
        lengths = list(by_length(scored, unit=length_unit))
        groups = list(by_column(scored, "group")) if _worth_slicing(scored, by) else []

        def sliced(parts: Sequence[Part]) -> Slices:
            return slices_of(scored, parts, bootstrap, least=settings.slice_rows, baseline=baseline.rows)

        slices = tuple(sliced(parts) for parts in (groups, *chosen, asked) if parts)
        length_slices = sliced(lengths)
        leaked = None
        if learned is not None and learned.any():
            both = [Part("training", "texts that stand in training too", learned)]
            leaked = sliced([*both, Part("training", "all other texts", ~learned)])
        advance(1)
        found = Found(tried=0, slices=())
        if settings.find_slices:
            found = find_slices(scored, lengths, bootstrap, least=settings.slice_rows)
        advance(1)
    evaluation = Evaluation(
        model=scored.model,
        run=run,
        source=scored.name,
        split=scored.split,
        task=scored.task.name,
        labels=scored.task.label_set.names,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        tamis=tamis.__version__,
        rows=len(scored),
        scored=int(scored.known.sum()),
        confidence=bootstrap.confidence,
        resamples=bootstrap.resamples,
        seed=bootstrap.seed,
        units=bootstrap.count,
        drawn_by=bootstrap.by,
        main_metric=scored.task.main_metric,
        essence=(),
        warnings=warnings_of(scored, settings, bootstrap, learned=learned),
        baseline=baseline.kind,
        baseline_says=baseline.says,
        scores=scores,
        by_label=labels,
        confusion=confusion_of(scored),
        calibration=_calibrated(scored, measured, bootstrap, decider),
        silence=silence,
        promise=promise_of(scored, decider),
        curves=curves_of(scored),
        lengths=length_slices,
        length_unit=length_unit,
        cut_share=float(scored.cut.mean()) if len(scored) else 0.0,
        slices=slices,
        found=found,
        leaked=leaked,
        mistakes=worst_mistakes(scored, most=settings.mistakes),
        seconds=round(time.monotonic() - began, 2),
    )
    return essence_of(evaluation)


def _bootstrap(scored: ScoredRows, settings: EvaluateSettings) -> Bootstrap:
    groups = scored.groups
    if groups is not None and pc.count_distinct(groups).as_py() < _FEWEST_GROUPS:
        groups = None  # so few draws would say nothing; the warnings tell
    return Bootstrap.of(
        scored.known,
        resamples=settings.resamples,
        confidence=settings.confidence,
        seed=settings.seed,
        groups=groups,
        texts=scored.texts,
    )


def _worth_slicing(scored: ScoredRows, by: Sequence[str]) -> bool:
    """Whether the groups are few enough that slices of them tell something."""
    groups = scored.groups
    return groups is not None and "group" not in by and 1 < pc.count_distinct(groups).as_py() <= 200


def _score(name: str, model: Measured, other: Measured | None, bootstrap: Bootstrap) -> Score:
    return Score(
        name=name,
        model=model.overall[name],
        baseline=other.overall.get(name) if other is not None else None,
        difference=difference(name, model, other, bootstrap) if other is not None else None,
    )


def _labels(scored: ScoredRows, measured: Measured, other: Measured | None) -> tuple[LabelScores, ...]:
    said = _times(scored)
    told = []
    for label, scores in measured.by_label.items():
        beside: Mapping[str, Any] = other.by_label[label] if other is not None else {}
        support = scores.get("support")
        told.append(
            LabelScores(
                label=label,
                rows=int(support.value) if support is not None else 0,
                said=said.get(label, 0),
                scores={
                    name: Score(name=name, model=value, baseline=beside.get(name))
                    for name, value in scores.items()
                    if name != "support"
                },
            )
        )
    return tuple(told)


def _times(scored: ScoredRows) -> dict[str, int]:
    times: dict[str, int] = {}
    for answer, known in zip(scored.answers, scored.known, strict=True):
        if not known or answer is None:
            continue
        for each in (answer,) if isinstance(answer, str) else answer:
            name = each if isinstance(each, str) else str(each[2])
            times[name] = times.get(name, 0) + 1
    return times


def _calibrated(
    scored: ScoredRows, measured: Measured, bootstrap: Bootstrap, decider: Decider | None
) -> Calibrated | None:
    if scored.probabilities is None:
        return None
    method = decider.calibration.method if decider is not None else "none"
    after = {name: measured.overall[name] for name in _MEANS_OF_PROBABILITIES if name in measured.overall}
    before = after
    if method != "none":
        raw = measure(only(scored.uncalibrated_tally, *_MEANS_OF_PROBABILITIES), bootstrap)
        before = {name: raw.overall[name] for name in after}
    return Calibrated(
        method=method,
        before=before,
        after=after,
        bins_before=reliability_bins(scored, scored.uncalibrated),
        bins_after=reliability_bins(scored, scored.probabilities),
    )
