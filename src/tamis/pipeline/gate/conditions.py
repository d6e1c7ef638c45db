"""Conditions: what a model may be asked for, each a function from what was measured to verdicts.

A bound is held against the end of the interval that says the least for the model: what holds by luck alone does not
hold here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tamis.core import UsageError, did_you_mean
from tamis.evaluate import Comparison, SuiteResult
from tamis.export import Parity
from tamis.pipeline.gate.verdict import Verdict
from tamis.pipeline.slices import slice_named
from tamis.tasks import LOWER_IS_BETTER

Said = Mapping[str, Any]


def minimum_reached(evaluation: Said, minimum: Mapping[str, float]) -> Iterator[Verdict]:
    """Yield whether each measure surely reaches its bound; errors and losses must surely stay below it."""
    scores = evaluation["scores"]
    for name, bound in minimum.items():
        if name not in scores:
            known = ", ".join(scores)
            raise UsageError(
                f"pipeline.gates.minimum: no measure {name!r}. Measures here: {known}.{did_you_mean(name, scores)}"
            )
        yield _bounded(_words(name), scores[name]["model"], bound, most=name in LOWER_IS_BETTER)


def baseline_beaten(evaluation: Said) -> Verdict:
    """Return whether the model is surely better than the baseline that stands beside it."""
    name = evaluation["main_metric"]
    by = evaluation["scores"][name].get("difference")
    condition = f"better than the {evaluation['baseline']} baseline"
    if by is None or by["low"] is None:
        return Verdict(condition=condition, holds=False, bound=0.0, says="there is no baseline to hold it against")
    low = -by["high"] if name in LOWER_IS_BETTER else by["low"]
    return Verdict(condition=condition, holds=low > 0, value=low, bound=0.0, says=f"{_words(name)} {_by(by)}")


def slices_reach(evaluation: Said, floors: Mapping[str, float]) -> Iterator[Verdict]:
    """Yield whether the main measure reaches the floor in each slice that has rows enough to say so."""
    found = [evaluation["lengths"], *evaluation["slices"]]
    shown = [each for part in found for each in part["shown"]]
    small = [each for part in found for each in part["small"]]
    least = evaluation["lengths"]["least"]
    for asked, floor in floors.items():
        if asked == "label":
            yield from _labels(evaluation, floor, least)
            continue
        by, name = slice_named(asked)
        inside = [each for each in shown if each["by"] == by and name in (None, each["name"])]
        few = [each for each in small if each[0] == by and name in (None, each[1])]
        if not inside and not few:
            raise UsageError(f"pipeline.gates.slices: {asked!r} is no slice of this evaluation")
        for each in inside:
            yield _bounded(f"{each['by']} {each['name']}: {_words(evaluation['main_metric'])}", each["score"], floor)
        for _, title, rows in few:
            says = f"{rows} rows, too few to say ({least} are needed)"
            yield Verdict(condition=f"{by} {title}: at least {floor:g}", holds=True, bound=floor, says=says)


def calibrated(evaluation: Said, most: float) -> Verdict:
    """Return whether the calibration error surely stays below a limit."""
    if "ece" not in evaluation["scores"]:
        says = "the model gives no probabilities"
        return Verdict(condition=f"calibration error at most {most:g}", holds=False, bound=most, says=says)
    return _bounded("calibration error", evaluation["scores"]["ece"]["model"], most, most=True)


def against_champion(found: Comparison | None, asked: Literal["not-worse", "better"], name: str) -> Verdict:
    """Return whether the model is not shown to be worse than the champion, or is shown to be better."""
    condition = f"{asked.replace('-', ' ')} than {name}"
    if found is None:
        return Verdict(condition=condition, holds=True, says=f"there is no {name} to hold it against")
    holds = found.better == "second" if asked == "better" else found.better != "first"
    says = "; ".join([found.verdict, *found.notes])
    return Verdict(condition=condition, holds=holds, value=found.main.by.value, bound=0.0, says=says)


def parity_shown(parity: Parity | None) -> Verdict:
    """Return whether the form that will run was shown to be the same model."""
    condition = "the exported form is the same model"
    if parity is None:
        return Verdict(condition=condition, holds=True, says="it runs as it was trained")
    chosen = parity.chosen
    holds = chosen.verdict in ("yardstick", "same", "within")
    says = f"{chosen.name}: {chosen.says}"
    if chosen.likeness is None or chosen.verdict in ("yardstick", "same"):  # what it loses does not decide
        return Verdict(condition=condition, holds=holds, says=says)
    return Verdict(
        condition=condition, holds=holds, value=chosen.likeness.loss_at_most, bound=parity.tolerance, says=says
    )


def behaviour_holds(result: SuiteResult, least: float) -> Verdict:
    """Return whether enough of the behavioural tests hold."""
    count = len(result.tests)
    rate = (count - len(result.failed)) / count
    failed = f"; not: {', '.join(test.name for test in result.failed)}" if result.failed else ""
    says = f"{count - len(result.failed)} of {count} tests of {result.suite} hold{failed}"
    return Verdict(
        condition=f"at least {least:.0%} of the tests hold", holds=rate >= least, value=rate, bound=least, says=says
    )


def data_sound(report: Said, weight: Literal["error", "warning"]) -> Verdict:
    """Return whether the data check found nothing of a weight or graver, and declared constraints hold."""
    weights = ("error",) if weight == "error" else ("error", "warning")
    titles = [found["title"] for found in report["findings"] if found["severity"] in weights]
    titles += [f"{each['constraint']}: {each['message']}" for each in report["constraints"]]
    told = ", ".join(f"{report['counts'][each]} {each}{'' if report['counts'][each] == 1 else 's'}" for each in weights)
    says = "; ".join([told, *titles]) if titles else f"{told} in {report['rows']:,} rows"
    condition = f"no {weight} in the data"
    return Verdict(condition=condition, holds=not titles, value=float(len(titles)), bound=0.0, says=says)


def _labels(evaluation: Said, floor: float, least: int) -> Iterator[Verdict]:
    for each in evaluation["by_label"]:
        condition = f"label {each['label']}"
        if each["rows"] < least:
            says = f"{each['rows']} rows, too few to say ({least} are needed)"
            yield Verdict(condition=f"{condition}: F1 at least {floor:g}", holds=True, bound=floor, says=says)
        elif "f1" in each["scores"]:
            yield _bounded(f"{condition}: F1", each["scores"]["f1"]["model"], floor)


def _bounded(title: str, found: Mapping[str, float | None], bound: float, *, most: bool = False) -> Verdict:
    """A verdict by the end of an interval that says the least for the model."""
    condition = f"{title} {'at most' if most else 'at least'} {bound:g}"
    value, low, high = (found[name] for name in ("value", "low", "high"))
    end = high if most else low
    if value is None or end is None:
        return Verdict(condition=condition, holds=False, bound=bound, says="it is not defined on these rows")
    holds = end <= bound if most else end >= bound
    says = f"{value:.3f}, surely {'at most' if most else 'at least'} {end:.3f}"
    return Verdict(condition=condition, holds=holds, value=end, bound=bound, says=says)


def _by(by: Mapping[str, float]) -> str:
    return f"{by['value']:+.3f} ({by['low']:+.3f} to {by['high']:+.3f})"


def _words(measure: str) -> str:
    return measure.replace("_", " ").replace("f1", "F1")
