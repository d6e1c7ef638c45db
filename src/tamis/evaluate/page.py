"""The evaluation as one self-contained page."""

from __future__ import annotations

from html import escape
from math import isfinite

from tamis.core import Page, page
from tamis.core.charts import PALETTE, Bar, Bars, Data, percent
from tamis.core.drawing import draw
from tamis.evaluate import figures
from tamis.evaluate.cells import named, with_span
from tamis.evaluate.drawing import MOST_CELLS, draw_heat, draw_lines
from tamis.evaluate.interval_bar import interval_bar
from tamis.evaluate.names import MEASURES, RIGHT, number, share, title
from tamis.evaluate.page_decisions import calibration_parts, silence_parts
from tamis.evaluate.page_slices import found_section, leaked_part, length_section, slice_section
from tamis.evaluate.report import Evaluation, LabelScores, Score

_HEADLINES = (
    "accuracy", "subset_accuracy", "exact_rows", "macro_f1", "weighted_f1", "micro_f1", "quadratic_kappa", "mae",
    "hierarchy_consistency",
)  # fmt: skip
_DETAILS = (
    "macro_precision", "macro_recall", "weighted_precision", "weighted_recall", "micro_precision", "micro_recall",
    "roc_auc", "average_precision", "hamming", "log_loss", "ece", "brier",
)  # fmt: skip
_MOST_LABELS = 60
_NARROW = 5  # so many labels leave room beside their table
_VERDICT = {
    "better": ("better", "good"),
    "worse": ("worse", "bad"),
    "open": ("not sure", "note"),
    "same": ("the same", "note"),
}


def evaluation_page(evaluation: Evaluation) -> Page:
    """Return the page of an evaluation: the essence first, then every number with its interval."""
    whole = Page(
        f"Evaluation of {evaluation.model}",
        lead=f"{evaluation.scored:,} rows of {evaluation.source} · {evaluation.task.replace('_', ' ')}, "
        f"{len(evaluation.labels):,} labels · {evaluation.created[:10]}",
    )
    whole.section("At a glance", *_glance(evaluation))
    whole.section("Scores", *_scores(evaluation), intro=_beside(evaluation))
    if evaluation.by_label:
        whole.section("Labels", _labels(evaluation), intro="Each label against all others, the weakest first.")
    confusion = _confusion(evaluation)
    if confusion:
        whole.section("Confusion", *confusion)
    if evaluation.calibration is not None:
        whole.section("Can its confidence be believed?", *calibration_parts(evaluation))
    if evaluation.silence is not None:
        whole.section("When should it keep silent?", *silence_parts(evaluation))
    for heading, intro, parts in (
        length_section(evaluation),
        slice_section(evaluation),
        found_section(evaluation),
    ):
        if parts:
            whole.section(heading, *parts, intro=intro)
    curves = [figures.roc_figure(evaluation), figures.precision_recall_figure(evaluation)]
    drawn = [draw_lines(figure) for figure in curves if figure is not None]
    if drawn:
        whole.section(
            "Ranking",
            page.side_by_side(*drawn),
            intro="Does the probability of a label put the rows that bear it above the others? One line a label.",
        )
    if evaluation.mistakes:
        whole.section(
            "Worst mistakes",
            *_mistakes(evaluation),
            intro="Wrong answers that the model was surest of. Some may be wrong labels: look before you judge.",
        )
    whole.section("How this was measured", *_method(evaluation))
    return whole


def _glance(evaluation: Evaluation) -> list[str]:
    lines = "".join(f"<li>{escape(line)}</li>" for line in evaluation.essence)
    parts = [f'<ul class="essence">{lines}</ul>', page.tiles(_tiles(evaluation))]
    parts += [page.advice(warning, kind="warn") for warning in evaluation.warnings]
    return parts


def _tiles(evaluation: Evaluation) -> list[tuple[str, str]]:
    tiles = [(f"{evaluation.scored:,}", "rows with a label")]
    for name in dict.fromkeys([*RIGHT, evaluation.main_metric, "micro_f1", "mae"]):
        if name in evaluation.scores and (name != "micro_f1" or "subset_accuracy" in evaluation.scores):
            tiles.append((number(evaluation.scores[name].model.value, name=name), title(name)))
    main = evaluation.scores.get(evaluation.main_metric)
    if main is not None and main.difference is not None and isfinite(main.difference.value):
        tiles.append((f"{main.difference.value:+.3f}", f"{title(main.name)} above the baseline"))
    if evaluation.calibration is not None and "ece" in evaluation.calibration.after:
        tiles.append((share(evaluation.calibration.after["ece"].value), "calibration error"))
    if evaluation.silence is not None:
        tiles.append((share(evaluation.silence.coverage.value), "of the rows answered"))
    return tiles


def _beside(evaluation: Evaluation) -> str:
    shown = f"The line is the {evaluation.confidence * 100:.0f} % interval, the dot the score"
    if evaluation.baseline == "none":
        return f"{shown}. {evaluation.baseline_says}"
    return (
        f"{shown}, the tick the baseline. {evaluation.baseline_says} Every row is answered here, also where the model "
        "would keep silent."
    )


def _scores(evaluation: Evaluation) -> list[str]:
    parts = [_score_table(evaluation, _HEADLINES)]
    details = _score_table(evaluation, _DETAILS)
    parts.append(f"<details><summary>More measures</summary>{details}</details>")
    return parts


def _score_table(evaluation: Evaluation, names: tuple[str, ...]) -> str:
    against = evaluation.baseline != "none"
    rows = []
    for name in names:
        score = evaluation.scores.get(name)
        if score is None:
            continue
        asks = page.Raw(
            f'<div style="min-width:150px"><b>{escape(title(name))}</b><br>'
            f'<span class="soft">{escape(MEASURES[name].asks)}'
            f"{' Less is better.' if score.lower_is_better else ''}</span></div>"
        )
        row: list[object] = [asks, with_span(score.model, name=name, bold=True), _bar(score)]
        if against:
            row += [number(score.baseline.value, name=name) if score.baseline else "–", _badge(score)]
        rows.append(row)
    headers = ["measure", "model", ""]
    return page.table(headers + (["baseline", "model is"] if against else []), rows)


def _bar(score: Score) -> page.Raw:
    interval = score.model
    if not isfinite(interval.value):
        return page.Raw("")
    ends = [interval.value, interval.low, interval.high, *([score.baseline.value] if score.baseline else [])]
    right = max(1.0, *(end for end in ends if isfinite(end)))
    low, high = (end if isfinite(end) else interval.value for end in (interval.low, interval.high))
    mark = score.baseline.value if score.baseline is not None and isfinite(score.baseline.value) else None
    kind = {"better": "good", "worse": "bad"}.get(score.verdict, "note")
    return interval_bar(interval.value, low, high, left=0, right=right, mark=mark, kind=kind)


def _badge(score: Score) -> object:
    if not score.verdict:
        return "–"
    assert score.difference is not None
    words, kind = _VERDICT[score.verdict]
    gap = score.difference
    return page.Raw(
        f'{page.badge(words, kind)} <span class="soft" style="white-space:nowrap">'
        f"{gap.low:+.3f} to {gap.high:+.3f}</span>"
    )


def _labels(evaluation: Evaluation) -> str:
    def f1(label: LabelScores) -> float:
        value = label.scores["f1"].model.value
        return value if isfinite(value) else 2.0

    ordered = sorted(evaluation.by_label, key=f1)
    rows = []
    for label in ordered[:_MOST_LABELS]:
        score = label.scores["f1"]
        row: list[object] = [
            named(label.label),
            label.rows,
            label.said,
            with_span(score.model, bold=True),
            _bar(score),
            with_span(label.scores["precision"].model),
            with_span(label.scores["recall"].model),
        ]
        if "average_precision" in label.scores:
            row.append(number(label.scores["average_precision"].model.value))
        if evaluation.baseline != "none":
            row.append(number(score.baseline.value) if score.baseline else "–")
        rows.append(row)
    headers = ["label", "rows", "said", "F1", "", "precision", "recall"]
    headers += ["AP"] if evaluation.curves else []
    headers += ["baseline F1"] if evaluation.baseline != "none" else []
    more = len(ordered) - _MOST_LABELS
    under = f"<figcaption>and {more:,} more, in evaluation.json</figcaption>" if more > 0 else ""
    return page.table(headers, [row[: len(headers)] for row in rows]) + under


def _confusion(evaluation: Evaluation) -> list[str]:
    confusion = evaluation.confusion
    if confusion is None or not any(sum(line) for line in confusion.counts):
        return []
    if not confusion.exclusive:
        rows = [
            (label, *line, percent(line[1] / ((line[1] + line[3]) or 1)), percent(line[2] / ((line[2] + line[3]) or 1)))
            for label, line in zip(confusion.labels, confusion.counts, strict=True)
        ]
        headers = ["label", "rightly not", "wrongly said", "missed", "rightly said", "of said wrong", "of true missed"]
        return [page.table(headers, rows)]
    parts = []
    heat = figures.confusion_figure(evaluation)
    if heat is not None and len(confusion.labels) <= MOST_CELLS:
        parts.append(draw_heat(heat))
    pairs = sorted(
        (
            (count, confusion.labels[true], confusion.labels[said], count / (sum(line) or 1))
            for true, line in enumerate(confusion.counts)
            for said, count in enumerate(line)
            if true != said and count
        ),
        key=lambda pair: -pair[0],
    )[:8]
    if pairs and len(confusion.labels) > 2:
        bars = Bars(
            name="confused",
            title="What is confused most",
            bars=tuple(
                Bar(label=f"{true} taken for {said}", value=count, note=percent(part), colour=PALETTE[1])
                for count, true, said, part in pairs
            ),
            caption="Behind each number the share of the true label's rows.",
            data=Data((), ()),
        )
        parts.append(draw(bars))
    return [page.side_by_side(*parts)] if len(confusion.labels) <= _NARROW else parts


def _mistakes(evaluation: Evaluation) -> list[str]:
    def words(label: object) -> str:
        if isinstance(label, (list, tuple)):
            return ", ".join(map(str, label)) or "no label"
        return str(label)

    return [
        page.quote(
            mistake.text or "(no text)",
            most=360,
            who=f"{mistake.id} · labelled {words(mistake.truth)} · answered {words(mistake.answer)}, "
            f"{share(mistake.confidence)} sure{' · kept silent' if mistake.silent else ''}",
        )
        for mistake in evaluation.mistakes
    ]


def _method(evaluation: Evaluation) -> list[str]:
    units = {
        "rows": "rows",
        "texts": "texts (copies of a text are drawn together, so that they add no certainty)",
        "groups": "groups (their rows are drawn together, since they resemble each other)",
    }[evaluation.drawn_by]
    lines = [
        f"Intervals hold the true score {evaluation.confidence * 100:.0f} % of the time: {evaluation.resamples:,} "
        f"bootstrap draws of {evaluation.units:,} {units}, seed {evaluation.seed}. Differences are of the same draws "
        "of both models.",
        "Plain shares of rows and perfect scores have Wilson's interval; few rows widen all others (Hesterberg 2015).",
        "An interval tells of other rows like these. It knows nothing of data that will change.",
        f"Made by Tamis {evaluation.tamis} in {evaluation.seconds:.1f} s from {evaluation.source}"
        + (
            f"; {evaluation.rows - evaluation.scored:,} rows without a usable label were left out."
            if evaluation.rows > evaluation.scored
            else "."
        ),
    ]
    body = "".join(f"<li>{escape(line)}</li>" for line in lines)
    leaked = leaked_part(evaluation)
    return [f'<ul class="essence" style="font-size:14px">{body}</ul>', *([leaked] if leaked else [])]
