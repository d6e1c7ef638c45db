"""Figures: which charts an evaluation becomes, with titles and captions that say what one sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tamis.core.charts import GREY, PALETTE, Data
from tamis.evaluate.curves import LabelCurves, Points
from tamis.evaluate.names import share
from tamis.evaluate.report import Confusion, Evaluation

MOST_LINES = 8


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of a chart."""

    name: str
    points: Points
    colour: str = PALETTE[0]
    dashed: bool = False
    dots: bool = False
    """Whether its points are marked: they are few, and each stands for some rows."""


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Lines over shares from 0 to 1."""

    name: str
    """The file name of the picture, without ending."""
    title: str
    across: str
    """What the horizontal axis is."""
    up: str
    lines: tuple[Line, ...]
    top: float = 1.0
    """Where the upright axis ends."""
    caption: str = ""

    @property
    def data(self) -> Data:
        """The numbers as a table."""
        rows = tuple((line.name, x, y) for line in self.lines for x, y in line.points)
        return Data(("line", self.across, self.up), rows)


@dataclass(frozen=True, kw_only=True)
class Heat:
    """A table of truth and answers, the darker the larger the share of the row."""

    name: str
    title: str
    confusion: Confusion
    caption: str = ""

    @property
    def data(self) -> Data:
        """The counts as a table."""
        counts = self.confusion
        rows = tuple((label, *line) for label, line in zip(counts.labels, counts.counts, strict=True))
        return Data(("true", *counts.labels), rows)


Figure = Lines | Heat


def figures_of(evaluation: Evaluation) -> list[Figure]:
    """Return every figure that the evaluation has numbers for."""
    made = [make(evaluation) for make in _FIGURES]
    return [figure for figure in made if figure is not None]


def confusion_figure(evaluation: Evaluation) -> Heat | None:
    """What was answered for what was true."""
    if evaluation.confusion is None or not evaluation.confusion.exclusive:
        return None
    return Heat(
        name="confusion",
        title="What was answered for what was true",
        confusion=evaluation.confusion,
        caption="A row is a true label; each cell is how many of its rows got the answer, and the share of the row.",
    )


def reliability_figure(evaluation: Evaluation) -> Lines | None:
    """How often answers of each confidence are right."""
    calibration = evaluation.calibration
    if calibration is None or len(calibration.bins_after) < 2:
        return None
    lines = [Line(name="as it should be", points=((0.0, 0.0), (1.0, 1.0)), colour=GREY, dashed=True)]
    if calibration.method != "none":
        before = tuple((entry.confidence, entry.right) for entry in calibration.bins_before)
        lines.append(Line(name="before calibration", points=before, colour=PALETTE[1], dots=True))
    after = tuple((entry.confidence, entry.right) for entry in calibration.bins_after)
    named = "calibrated" if calibration.method != "none" else "as it is"
    lines.append(Line(name=named, points=after, dots=True))
    return Lines(
        name="reliability",
        title="Of answers it is so sure of, how many are right?",
        across="confidence",
        up="right",
        lines=tuple(lines),
        caption="Each dot is a tenth of the rows. Below the dashed line the model is too sure, above it too modest.",
    )


def silence_figure(evaluation: Evaluation) -> Lines | None:
    """How the error grows with the share of rows that get an answer."""
    silence = evaluation.silence
    if silence is None or not silence.points:
        return None
    errors = [error for _, error, _ in silence.points]
    whole = errors[-1]
    best = _perfect(whole)
    top = min(1.0, max(0.05, _round_up(max([*errors[len(errors) // 10 :], whole]) * 1.1)))
    lines = [
        Line(name="with silence drawn by lot", points=((0.0, whole), (1.0, whole)), colour=GREY, dashed=True),
        Line(name="at best", points=best, colour=PALETTE[2], dashed=True),
        Line(name="this model", points=tuple((coverage, min(error, top)) for coverage, error, _ in silence.points)),
    ]
    return Lines(
        name="risk-coverage",
        title="Error of the answered rows, by how many are answered",
        across="answered, the surest first",
        up="error",
        lines=tuple(lines),
        top=top,
        caption="The further the line lies below the grey one, the better the model knows when it is wrong.",
    )


def roc_figure(evaluation: Evaluation) -> Lines | None:
    """Hits over false alarms of each label."""
    chance = Line(name="chance", points=((0.0, 0.0), (1.0, 1.0)), colour=GREY, dashed=True)
    empty = Lines(name="roc", title="Hits over false alarms", across="false alarms", up="hits", lines=(chance,))
    return _with_curves(empty, evaluation, points=lambda curve: curve.roc, area="roc_auc")


def precision_recall_figure(evaluation: Evaluation) -> Lines | None:
    """Precision over recall of each label."""
    empty = Lines(name="precision-recall", title="Precision over recall", across="recall", up="precision", lines=())
    return _with_curves(empty, evaluation, points=lambda curve: curve.precision_recall, area="average_precision")


_FIGURES: tuple[Callable[[Evaluation], Figure | None], ...] = (
    confusion_figure,
    reliability_figure,
    silence_figure,
    roc_figure,
    precision_recall_figure,
)


def _with_curves(
    empty: Lines, evaluation: Evaluation, *, points: Callable[[LabelCurves], Points], area: str
) -> Lines | None:
    """The chart with a line for each label, or for the weakest of many; `area` is the measure of what is under it."""
    if not evaluation.curves:
        return None
    areas = {label.label: label.scores[area].model.value for label in evaluation.by_label}
    ordered = list(evaluation.labels)
    weakest = sorted(evaluation.curves, key=lambda curve: areas[curve.label])[:MOST_LINES]
    weakest.sort(key=lambda curve: ordered.index(curve.label))
    lines = [
        Line(
            name=f"{curve.label} ({areas[curve.label]:.3f})",
            points=points(curve),
            colour=PALETTE[place % len(PALETTE)],
        )
        for place, curve in enumerate(weakest)
    ]
    left = len(evaluation.curves) - len(weakest)
    caption = "Behind each label the area under its line."
    if left:
        caption += f" The {left} labels with the largest areas are left out."
    return replace(empty, lines=(*empty.lines, *lines), caption=caption)


def _perfect(error: float) -> Points:
    """The line of a model that is less sure of every mistake than of any right answer."""
    steps = [1 - error + error * place / 20 for place in range(21)]
    return ((0.0, 0.0), *((step, (step - (1 - error)) / step if step else 0.0) for step in steps))


def _round_up(value: float) -> float:
    return next((top for top in (0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.8) if value <= top), 1.0)


def axis_ticks(top: float) -> list[tuple[float, str]]:
    """Return the places of an axis from 0 to `top`, as shares of it, with their words."""
    parts = 5 if top in (0.05, 0.25, 0.5, 1.0) else 4
    return [(place / parts, share(top * place / parts).replace(".0 %", " %")) for place in range(parts + 1)]
