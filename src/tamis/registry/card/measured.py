"""Measured: how good the model is, over all, label by label, and where it is worse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isnan, nan
from typing import Any

from tamis.core.markdown import code, plain, table
from tamis.evaluate import Interval, measure_span, measure_text, measure_title
from tamis.registry.card.facts import Facts

_FIRST = (
    "accuracy", "subset_accuracy", "exact_rows", "macro_f1", "weighted_f1", "micro_f1", "macro_precision",
    "macro_recall", "mae", "quadratic_kappa", "hierarchy_consistency", "roc_auc", "log_loss", "ece",
)  # fmt: skip
RIGHT = ("accuracy", "subset_accuracy", "exact_rows")
_MOST_LABELS = 60
_MOST_SLICES = 12


def measured(facts: Facts) -> Iterator[str]:
    """Yield the sections."""
    yield from ("## How good it is", "")
    if facts.evaluation is None:
        yield from _only_validation(facts)
        return
    said = facts.evaluation
    units = f", which are {said['units']:,} {said['drawn_by']}" if said["units"] != said["scored"] else ""
    yield (
        f"Measured on {said['scored']:,} labelled rows of {code(said['source'])}{units}. The intervals "
        f"({said['confidence'] * 100:g} %) come from {said['resamples']:,} draws. {plain(said['baseline_says'])}"
    )
    yield ""
    yield from table(["Measure", "This model", "Interval", "Baseline", "Difference"], _scores(said))
    yield from _labels(facts, said)
    yield from _slices(said)


def interval(said: Mapping[str, Any] | None) -> Interval:
    """Return an interval as `evaluation.json` holds it; what is not known is no number."""
    values = ((said or {}).get(name) for name in ("value", "low", "high"))
    return Interval(*(nan if value is None else float(value) for value in values))


def shown_scores(said: Mapping[str, Any]) -> list[str]:
    """Return the names of the measures that a card shows, the main one first."""
    same = ("micro_f1",) if "accuracy" in said["scores"] else ()  # of one label a text these are one number
    rest = [name for name in _FIRST if name in said["scores"] and name not in (said["main_metric"], *same)]
    return [said["main_metric"], *rest] if said["main_metric"] in said["scores"] else rest


def _scores(said: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    for name in shown_scores(said):
        score = said["scores"][name]
        model, difference = interval(score["model"]), interval(score["difference"])
        yield (
            f"**{measure_title(name)}**" if name == said["main_metric"] else measure_title(name),
            measure_text(model.value, name=name),
            measure_span(model, name=name),
            measure_text(interval(score["baseline"]).value, name=name),
            "–"
            if isnan(difference.value)
            else f"{difference.value:+.3f} ({difference.low:+.3f} to {difference.high:+.3f})",
        )


def _only_validation(facts: Facts) -> Iterator[str]:
    scores = facts.bundle.manifest.notes.get("validation") or {}
    if not scores:
        yield from ("Nothing was measured: `tamis evaluate` does it, on rows that it has not seen.", "")
        return
    yield (
        "It was **not evaluated** on rows that nothing was chosen by. These are the scores on the validation rows, by "
        "which the training made its choices, so they are somewhat too good and have no intervals."
    )
    yield ""
    yield from table(
        ["Measure", "Validation"],
        [(measure_title(name), measure_text(float(value), name=name)) for name, value in scores.items()],
    )


def _labels(facts: Facts, said: Mapping[str, Any]) -> Iterator[str]:
    rows = []
    for each in said["by_label"][:_MOST_LABELS]:
        scores = {name: interval(score["model"]) for name, score in each["scores"].items()}
        f1 = scores.get("f1", Interval(nan, nan, nan))
        rows.append(
            (
                code(each["label"]),
                f"{facts.learned[each['label']]:,}" if each["label"] in facts.learned else "–",
                f"{each['rows']:,}",
                *(measure_text(scores.get(name, f1).value) for name in ("precision", "recall")),
                measure_text(f1.value),
                measure_span(f1),
            )
        )
    if rows:
        yield from ("### Label by label", "")
        headers = ["Label", "Learned from", "Measured on", "Precision", "Recall", "F1", "Interval of F1"]
        yield from table(headers, rows)
        if len(said["by_label"]) > _MOST_LABELS:
            yield from (f"{len(said['by_label']) - _MOST_LABELS} more are in `evaluation.json`.", "")


def weak_slices(said: Mapping[str, Any]) -> Iterator[tuple[str, Interval]]:
    """Yield the lengths and values of columns whose error is above that of all rows, interval and all; the worst first.

    Nothing is made up for their number, so one of many may stand here by chance.
    """
    right = next((said["scores"][name] for name in RIGHT if name in said["scores"]), None)
    overall = 1 - interval(right["model"]).value if right is not None else nan
    parts = [each for slices in (said["lengths"], *said["slices"]) for each in slices["shown"]]
    weak = [(each["name"], interval(each["error"])) for each in parts]
    yield from sorted((each for each in weak if each[1].low > overall), key=lambda each: -each[1].value)


def _slices(said: Mapping[str, Any]) -> Iterator[str]:
    yield from ("### Where it is worse", "")
    found = said["found"]
    if found["slices"]:
        yield f"Of {found['tried']:,} slices that were looked at (words, lengths, columns and pairs), surely worse are:"
        yield ""
        yield from table(
            ["Slice", "Rows", "Wrong answers", "Interval", "Elsewhere"],
            [
                (
                    plain(each["name"]),
                    f"{each['rows']:,}",
                    measure_text(each["error"]["value"], name="error"),
                    measure_span(interval(each["error"]), name="error"),
                    measure_text(each["elsewhere"], name="error"),
                )
                for each in found["slices"]
            ],
        )
    elif found["tried"]:
        yield from (f"None is surely worse than the rest; slices that were looked at: {found['tried']:,}.", "")
    for slices in (said["lengths"], *said["slices"]):
        shown = slices["shown"][:_MOST_SLICES]
        rows = [
            (
                plain(each["name"]),
                f"{each['rows']:,}",
                measure_text(each["error"]["value"], name="error"),
                measure_span(interval(each["error"]), name="error"),
                measure_text(interval(each["score"]).value, name=slices["measure"]),
            )
            for each in shown
        ]
        if len(rows) > 1:
            by = "the length of the text" if shown[0]["by"] == "length" else code(shown[0]["by"])
            yield from (f"By {by}:", "")
            yield from table(["Slice", "Rows", "Wrong answers", "Interval", measure_title(slices["measure"])], rows)
