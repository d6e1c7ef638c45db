"""The page's sections about slices: lengths, groups and columns, conditions, and what was found."""

from __future__ import annotations

from html import escape
from math import isfinite

from tamis.core import page
from tamis.evaluate.cells import named, with_span
from tamis.evaluate.interval_bar import interval_bar
from tamis.evaluate.names import share, title
from tamis.evaluate.report import Evaluation
from tamis.evaluate.slices import Slices

Section = tuple[str, str, list[str]]


def length_section(evaluation: Evaluation) -> Section:
    """Return the scores by length, and how much was cut."""
    cut = (
        f"{share(evaluation.cut_share)} of the texts are longer than what the model reads and were cut."
        if evaluation.cut_share
        else "The model read all of every text: none was cut."
    )
    parts = [_table(evaluation.lengths, evaluation)] if evaluation.lengths.shown or evaluation.lengths.small else []
    return "By length", f"Quarters of the rows, from short to long. {cut}", parts


def slice_section(evaluation: Evaluation) -> Section:
    """Return groups, columns and conditions."""
    parts = []
    for slices in evaluation.slices:
        by = next((each.by for each in slices.shown), None) or next((by for by, _, _ in slices.small), "")
        parts.append(f"<h3>{escape('Your conditions' if by == 'slice' else by)}</h3>{_table(slices, evaluation)}")
    if evaluation.leaked is not None:
        parts.append(f"<h3>Texts that stand in training too</h3>{_table(evaluation.leaked, evaluation)}")
    return "Slices", "The dot is the error of the slice, the line its interval, the tick the error of all rows.", parts


def found_section(evaluation: Evaluation) -> Section:
    """Return what the search for weak slices found."""
    found = evaluation.found
    if not found.tried:
        return "", "", []
    tried = f"{found.tried:,} slices were tried: words, lengths, columns, and pairs of the worst of them"
    if not found.slices:
        return (
            "Where is it surely worse?",
            f"{tried}. None is surely worse than the other rows once one allows for so many tries.",
            [page.advice("Nothing stands out: the mistakes are spread over the rows.", kind="good")],
        )
    right = max(each.error.high for each in found.slices)
    rows = [
        (
            named(each.name),
            each.rows,
            with_span(each.error, name="error", bold=True),
            interval_bar(
                each.error.value, each.error.low, each.error.high, left=0, right=right, mark=each.elsewhere, kind="bad"
            ),
            share(each.elsewhere),
        )
        for each in found.slices
    ]
    return (
        "Where is it surely worse?",
        f"{tried}. Each interval is wide enough for all of these to hold at once.",
        [page.table(["rows with", "rows", "error", "", "elsewhere"], rows)],
    )


def leaked_part(evaluation: Evaluation) -> str:
    """Return where training texts were looked for."""
    if evaluation.leaked is None:
        return ""
    return "<p>Texts were looked for in the training rows as they are once cleaned, without regard to case.</p>"


def _table(slices: Slices, evaluation: Evaluation) -> str:
    whole = _whole_error(evaluation)
    rows = []
    right = max([each.error.high for each in slices.shown if isfinite(each.error.high)], default=1.0) or 1.0
    right = min(1.0, max(right, whole * 1.2) * 1.02)
    for each in slices.shown:
        low, high = each.error.low, each.error.high
        kind = "bad" if low > whole else "good" if high < whole else "note"
        row: list[object] = [
            named(each.name),
            each.rows,
            with_span(each.error, name="error", bold=True),
            interval_bar(each.error.value, low, high, left=0, right=right, mark=whole, kind=kind),
            with_span(each.score),
        ]
        if evaluation.baseline != "none":
            row.append(share(each.baseline.value) if each.baseline is not None else "–")
        rows.append(row)
    headers = ["slice", "rows", "error", "", title(slices.measure)]
    headers += ["baseline error"] if evaluation.baseline != "none" else []
    parts = [page.table(headers, rows)] if rows else []
    if slices.small:
        shown = ", ".join(f"{name} ({count:,})" for _, name, count in slices.small[:8])
        more = f" and {len(slices.small) - 8} more" if len(slices.small) > 8 else ""
        words = f"Too small to say anything (fewer than {slices.least} rows): {shown}{more}"
        parts.append(f"<figcaption>{escape(words)}</figcaption>")
    return "".join(parts)


def _whole_error(evaluation: Evaluation) -> float:
    for name in ("accuracy", "subset_accuracy", "exact_rows"):
        if name in evaluation.scores:
            return 1 - evaluation.scores[name].model.value
    return 0.0
