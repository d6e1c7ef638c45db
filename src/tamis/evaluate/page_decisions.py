"""The page's sections about decisions: can its confidence be believed, and when should it keep silent?"""

from __future__ import annotations

from html import escape

from tamis.core import page
from tamis.core.charts import GREY, PALETTE, Bar, Bars, Data, percent
from tamis.core.drawing import draw
from tamis.evaluate import figures
from tamis.evaluate.cells import with_span
from tamis.evaluate.drawing import draw_lines
from tamis.evaluate.intervals import Interval
from tamis.evaluate.names import RIGHT, number, share, span, title
from tamis.evaluate.report import Evaluation


def calibration_parts(evaluation: Evaluation) -> list[str]:
    """Return how sure it is against how often it is right, before calibration and after."""
    calibration = evaluation.calibration
    assert calibration is not None
    figure = figures.reliability_figure(evaluation)
    rows = []
    for name, after in calibration.after.items():
        row: list[object] = [page.Raw(f"<b>{escape(title(name))}</b>"), with_span(after)]
        if calibration.method != "none":
            row.insert(1, with_span(calibration.before[name]))
        score = evaluation.scores.get(name)
        if evaluation.baseline != "none":
            row.append(number(score.baseline.value) if score is not None and score.baseline is not None else "–")
        rows.append(row)
    headers = [
        "",
        *(["before", f"calibrated ({calibration.method})"] if calibration.method != "none" else ["as it is"]),
    ]
    headers += ["baseline"] if evaluation.baseline != "none" else []
    words = (
        "Its probabilities were not calibrated: there were no rows for it, or no method was better than none."
        if calibration.method == "none"
        else "Calibration changes how sure the model says it is, hardly ever what it says. Less is better in all three."
    )
    table = page.table(headers, rows) + f"<figcaption>{escape(words)}</figcaption>"
    return [page.side_by_side(draw_lines(figure), table)] if figure is not None else [table]


def silence_parts(evaluation: Evaluation) -> list[str]:
    """Return what silence would save, what the decision rule does, and whether its promise was kept."""
    silence = evaluation.silence
    assert silence is not None
    figure = figures.silence_figure(evaluation)
    rows = [
        (
            page.Raw(f"<b>{step.silent * 100:.0f} %</b>"),
            f"{step.threshold:.3f}",
            with_span(step.error, name="error"),
            with_span(step.saved, name="error"),
        )
        for step in silence.steps
    ]
    table = page.table(["silent on", "confidence below", "error of the rest", "error falls by"], rows)
    area = (
        f"Area under the line (AURC): {silence.area.value:.4f} ({span(silence.area)}); at best {silence.best_area:.4f}."
    )
    side = f"{table}<figcaption>{escape(area)}</figcaption>"
    parts = [page.side_by_side(draw_lines(figure), side) if figure is not None else side]
    parts.append(_rule(evaluation))
    if evaluation.promise is not None:
        parts.append(_promise(evaluation))
    return parts


def _rule(evaluation: Evaluation) -> str:
    silence = evaluation.silence
    assert silence is not None
    total = sum(silence.reasons.values()) or 1
    tone = {"confident": PALETTE[2], "low_confidence": PALETTE[4], "unknown_text": PALETTE[7]}
    bars = Bars(
        name="reasons",
        title="As the decision rule stands",
        bars=tuple(
            Bar(label=reason.replace("_", " "), value=count, note=percent(count / total), colour=tone.get(reason, GREY))
            for reason, count in silence.reasons.items()
        ),
        caption=_rule_words(evaluation),
        data=Data((), ()),
    )
    return draw(bars)


def _rule_words(evaluation: Evaluation) -> str:
    silence = evaluation.silence
    assert silence is not None
    if silence.coverage.value == 0:
        return (
            "It answers no row: nothing reaches what the rule asks for. Ask for less, or label more calibration rows."
        )
    if silence.coverage.value >= 1 or not silence.answered:
        return "It answers every row with a label. A target precision makes it keep silent: decide.goal=precision."
    right = next((name for name in RIGHT if name in silence.answered), None)
    words = f"It answers {share(silence.coverage.value)} of the rows ({_shares_text(silence.coverage)})"
    if right is not None:
        answered, all_rows = silence.answered[right], evaluation.scores[right].model
        words += (
            f"; of those {share(answered.value)} are right ({_shares_text(answered)}), of all {share(all_rows.value)}"
        )
    return words + "."


def _promise(evaluation: Evaluation) -> str:
    kept = evaluation.promise
    assert kept is not None
    badge = {"kept": page.badge("kept", "good"), "broken": page.badge("broken", "bad")}.get(
        kept.verdict, page.badge("too few rows to tell", "note")
    )
    value = number if kept.goal == "cost" else share
    said = (
        f"<h3>The promise: {escape(kept.goal)} {escape(value(kept.target))} {badge}</h3><p>On these rows it is "
        f"<b>{escape(value(kept.value) if kept.value is not None else '–')}</b> ({escape(value(kept.low))} to "
        f"{escape(value(kept.high))}, of {kept.rows:,}).</p>"
    )
    if not kept.by_label:
        return said
    rows = [
        (label, count, "–" if found is None else share(found), f"{share(low)} to {share(high)}" if count else "–")
        for label, (count, found, low, high) in kept.by_label.items()
    ]
    return said + page.table(["label", "said", "right", "bounds"], rows)


def _shares_text(interval: Interval) -> str:
    return span(interval, name="error")
