"""Deciding: how far probabilities are to be believed, from which on a label is said, and what each choice costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tamis.core.markdown import code, plain, table
from tamis.decide import Decider, Rule
from tamis.evaluate import measure_span, measure_text
from tamis.registry.card.facts import Facts
from tamis.registry.card.measured import interval

_MOST_THRESHOLDS = 60
_GOALS = {
    "none": "It always answers with what is most probable.",
    "precision": "Each label has the least probability from which on it is said, set so that what is said is right "
    "often enough; below it the model keeps silent.",
    "coverage": "One least probability for all labels, set so that enough of the texts are answered; below it the "
    "model keeps silent.",
    "cost": "It says what costs least to be wrong about, by the costs below.",
    "f1": "Each label has a threshold of its own, the one with the best F1.",
}


def deciding(facts: Facts) -> Iterator[str]:
    """Yield the section."""
    manifest = facts.bundle.manifest
    decider = manifest.decider_for(manifest.engine.name, manifest.engine.precision)
    yield from ("## How it decides", "")
    yield from (_GOALS[decider.rule.goal], "")
    yield from _promises(facts, decider)
    yield from _calibration(facts, decider)
    yield from _guard(facts, decider)
    yield from _thresholds(facts, decider.rule)
    yield from _costs(decider.rule)
    yield from _silence(facts)


def _promises(facts: Facts, decider: Decider) -> Iterator[str]:
    made = decider.promise
    if made is None:
        return
    words = {"kept": "is kept", "broken": "**is broken**", "open": "is open: too few rows to tell"}
    goal = {
        "precision": f"At least {made.target * 100:g} % of what it says of each label is right",
        "coverage": f"At least {made.target * 100:g} % of the texts get an answer",
        "cost": f"A text costs {made.target:.3g} at most",
    }[made.goal]
    yield from (f"Its promise: **{goal}.**", "")
    rows = [("Kept back when it was set", made.measured.model_dump(), made.verdict)]
    kept = (facts.evaluation or {}).get("promise")
    if kept is not None and facts.evaluation is not None:
        rows.append((f"Measured on {code(facts.evaluation['source'])}", kept, kept["verdict"]))
    name = "" if made.goal == "cost" else "coverage"
    yield from table(
        ["Rows", "How many", "Found", "Surely between", "The promise"],
        [
            (
                where,
                f"{each['rows']:,}",
                measure_text(interval(each).value, name=name),
                measure_span(interval(each), name=name),
                words[verdict],
            )
            for where, each, verdict in rows
        ],
    )


def _calibration(facts: Facts, decider: Decider) -> Iterator[str]:
    method = decider.calibration.method
    if method == "none":
        yield from (
            "Its probabilities are **not calibrated**: they order answers, but 0.9 need not mean nine of ten.",
            "",
        )
        return
    said = (facts.evaluation or {}).get("calibration")
    told = ""
    if said is not None and facts.evaluation is not None:
        before, after = interval(said["before"]["ece"]), interval(said["after"]["ece"])
        told = (
            f" Confidence is {measure_text(after.value)} off from how often it is right ({measure_span(after)}); "
            f"without calibration it would be {measure_text(before.value)}."
        )
    yield from (f"Its probabilities are calibrated ({code(method)}).{told}", "")


def _guard(facts: Facts, decider: Decider) -> Iterator[str]:
    if decider.unknown is None:
        yield "It has **no guard against unknown text**: whatever it is asked, it says one of its labels."
    else:
        share = facts.bundle.manifest.lineage.settings.get("decide", {}).get("unknown_share")
        told = (
            f", and takes about {measure_text(float(share), name='coverage')} of known texts for unknown"
            if share
            else ""
        )
        yield f"It keeps silent on text like nothing it learned from ({code(decider.unknown.method)}){told}."
    yield ""


def _thresholds(facts: Facts, rule: Rule) -> Iterator[str]:
    if rule.least_score:
        yield from (f"Nothing is said below a score of {rule.least_score:.3f}.", "")
    if not rule.thresholds:
        return
    kept = (facts.evaluation or {}).get("promise") or {}
    found: Mapping[str, Any] = kept.get("by_label") or {}
    rows = []
    for label, threshold in list(rule.thresholds.items())[:_MOST_THRESHOLDS]:
        said, *ends = found.get(label) or (0, None, None, None)
        right = interval(dict(zip(("value", "low", "high"), ends if said else (None, None, None), strict=True)))
        rows.append(
            (
                code(label),
                "never" if threshold is None else f"{threshold:.3f}",
                f"{said:,}",
                measure_text(right.value, name="coverage"),
                measure_span(right, name="coverage"),
            )
        )
    yield from ("### Thresholds", "")
    if found:
        yield from table(["Label", "Said from", "Said so often", "Rightly", "Surely between"], rows)
    else:
        yield from table(["Label", "Said from"], [row[:2] for row in rows])


def _costs(rule: Rule) -> Iterator[str]:
    if rule.goal != "cost" or not (rule.costs or rule.review_cost is not None):
        return
    yield from ("### Costs", "")
    columns = list(dict.fromkeys(said for costs in rule.costs.values() for said in costs))
    yield from table(
        ["True label", *map(code, columns)],
        [
            (code(true), *(f"{costs[said]:g}" if said in costs else "1" for said in columns))
            for true, costs in rule.costs.items()
        ],
    )
    yield "What is not named costs 1 where it is wrong." + (
        f" A text that it keeps silent on costs {rule.review_cost:g}." if rule.review_cost is not None else ""
    )
    yield ""


def _silence(facts: Facts) -> Iterator[str]:
    silence = (facts.evaluation or {}).get("silence")
    if not silence or not silence["steps"] or facts.evaluation is None:
        return
    yield from ("### What silence would buy", "")
    coverage = interval(silence["coverage"])
    reasons = ", ".join(f"{plain(name)} {count:,}" for name, count in silence["reasons"].items())
    yield (
        f"As it stands it answers {measure_text(coverage.value, name='coverage')} of the rows of "
        f"{code(facts.evaluation['source'])} ({reasons}). If it kept silent on those it is least sure of:"
    )
    yield ""
    yield from table(
        ["Silent on", "Score below", "Wrong among its answers", "Interval", "Errors saved"],
        [
            (
                measure_text(each["silent"], name="coverage"),
                f"{each['threshold']:.3f}",
                measure_text(each["error"]["value"], name="error"),
                measure_span(interval(each["error"]), name="error"),
                measure_text(interval(each["saved"]).value, name="error"),
            )
            for each in silence["steps"]
        ],
    )
