"""Essence: the evaluation in a handful of plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite

from tamis.evaluate.names import RIGHT, number, share, span, title
from tamis.evaluate.report import Evaluation, LabelScores, Score
from tamis.tasks import ReliabilityBin

_SURE = 0.05
_TENTH = 0.2


def essence_of(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with its essence: what holds, how far above the baseline, where and when it is weak."""
    told = [
        _what_holds(evaluation),
        _above_baseline(evaluation),
        _weakest(evaluation),
        _worse_where(evaluation),
        _believable(evaluation),
        _when_silent(evaluation),
    ]
    return replace(evaluation, essence=tuple(sentence for sentence in told if sentence))


def _what_holds(evaluation: Evaluation) -> str:
    rows = f"{evaluation.scored:,} {'row' if evaluation.scored == 1 else 'rows'}"
    right = next((name for name in RIGHT if name in evaluation.scores), None)
    main = evaluation.scores.get(evaluation.main_metric)
    said = f"Of {rows} of {evaluation.source}, "
    if right is None:
        return ""
    score = evaluation.scores[right].model
    exactly = "exactly right" if right != "accuracy" else "rightly"
    said += f"{number(score.value, name=right)} {'is' if evaluation.scored == 1 else 'are'} answered {exactly}"
    if isfinite(score.low):
        said += f" ({span(score, name=right)})"
    if main is not None and main.name != right:
        said += f"; {title(main.name)} is {number(main.model.value)}"
        said += f" ({span(main.model)})" if isfinite(main.model.low) else ""
    return said + "."


def _above_baseline(evaluation: Evaluation) -> str:
    main = evaluation.scores.get(evaluation.main_metric)
    if main is None or main.baseline is None or main.difference is None or not isfinite(main.difference.value):
        return evaluation.baseline_says if evaluation.baseline == "none" else ""
    name = "a linear model of words" if evaluation.baseline == "linear" else "always saying what is most frequent"
    against = f"{name} ({title(main.name)} {number(main.baseline.value)})"
    gap = main.difference
    if not isfinite(gap.low):
        return f"Against {against} nothing can be said: there are too few rows."
    if main.verdict == "better":
        return f"That is above {against} by {abs(gap.value):.3f}, surely by {gap.low:.3f} or more."
    if main.verdict == "worse":
        return f"That is worse than {against} by {abs(gap.value):.3f}: take the simpler model, or find out why."
    return (
        f"It is not surely better than {against}: the difference is {gap.value:+.3f} and may be anything from "
        f"{gap.low:+.3f} to {gap.high:+.3f}."
    )


def _weakest(evaluation: Evaluation) -> str:
    judged = [label for label in evaluation.by_label if label.rows and isfinite(_f1(label).model.value)]
    if len(judged) < 2:
        return ""
    worst = min(judged, key=lambda label: _f1(label).model.value)
    best = max(judged, key=lambda label: _f1(label).model.value)
    if _f1(best).model.value - _f1(worst).model.value < _SURE:
        return f"No label is much weaker than the others: F1 {number(_f1(worst).model.value)} to " + (
            f"{number(_f1(best).model.value)}."
        )
    said = f"Weakest is “{worst.label}” (F1 {number(_f1(worst).model.value)}"
    said += f", {span(_f1(worst).model)})" if isfinite(_f1(worst).model.low) else ")"
    return (
        said + f"{_taken_for(evaluation, worst.label)}; strongest is “{best.label}” ({number(_f1(best).model.value)})."
    )


def _taken_for(evaluation: Evaluation, label: str) -> str:
    confusion = evaluation.confusion
    if confusion is None or not confusion.exclusive:
        return ""
    place = confusion.labels.index(label)
    line = confusion.counts[place]
    others = [(count, name) for at, (count, name) in enumerate(zip(line, confusion.labels, strict=True)) if at != place]
    count, name = max(others, default=(0, ""))
    return f": {count:,} of its {sum(line):,} rows are taken for “{name}”" if count else ""


def _worse_where(evaluation: Evaluation) -> str:
    if not evaluation.found.slices:
        return ""
    worst = evaluation.found.slices[0]
    return (
        f"It is surely worse on rows with {worst.name}: {share(worst.error.value)} of these {worst.rows:,} are wrong, "
        f"of all others {share(worst.elsewhere)}."
    )


def _believable(evaluation: Evaluation) -> str:
    calibration = evaluation.calibration
    if calibration is None or "ece" not in calibration.after:
        return ""
    error = calibration.after["ece"]
    if not isfinite(error.value):
        return ""
    before = f", {share(calibration.before['ece'].value)} before calibration" if calibration.method != "none" else ""
    verdict = (
        "Its confidence can be believed"
        if error.value < _SURE
        else "Its confidence is to be taken with caution"
        if error.low < _SURE
        else "Its confidence cannot be believed"
    )
    side = f", mostly {_side(calibration.bins_after)}" if error.value >= _SURE else ""
    return f"{verdict}: it is off by {share(error.value)} on average{side}{before}."


def _side(bins: Sequence[ReliabilityBin]) -> str:
    return "too sure" if sum((each.confidence - each.right) * each.rows for each in bins) > 0 else "too modest"


def _when_silent(evaluation: Evaluation) -> str:
    silence = evaluation.silence
    if silence is None:
        return ""
    if silence.coverage.value == 0:
        return "As its rule stands it keeps silent on every row: nothing reaches what the rule asks for."
    if silence.coverage.value < 1 and silence.answered:
        right = next((name for name in RIGHT if name in silence.answered), None)
        if right is not None:
            return (
                f"As its rule stands it answers {share(silence.coverage.value)} of the rows, and of those "
                f"{share(silence.answered[right].value)} rightly ({span(silence.answered[right], name=right)})."
            )
    step = next((step for step in silence.steps if step.silent == _TENTH), None)
    if step is None or not isfinite(step.saved.value):
        return ""
    if step.saved.value <= 0:
        return "Keeping silent where it is least sure would save nothing: its confidence tells no mistakes."
    likely = f" (likely {span(step.saved, name='error')})" if isfinite(step.saved.low) else ""
    return (
        f"Silent on the 20 % of rows that it is least sure of (confidence below {step.threshold:.2f}), its error falls "
        f"by {share(step.saved.value)}{likely}."
    )


def _f1(label: LabelScores) -> Score:
    return label.scores["f1"]
