"""Fallback: what answers where the model keeps silent: rules, a second model or a fixed label, as declared."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tamis.core import Prediction, UsageError, did_you_mean
from tamis.serve.asked import Asked, SteppedIn, tightened
from tamis.serve.config import FallbackSettings
from tamis.serve.served import Served
from tamis.tasks import Task

FALLBACK = "fallback"
"""The reason of a prediction that the model did not make itself."""


@dataclass(frozen=True)
class Rule:
    """A label for texts in which a pattern is found."""

    name: str
    pattern: re.Pattern[str]
    label: str


@dataclass(frozen=True)
class Link:
    """One fallback, ready to answer."""

    route: str
    """The name of the model whose silences it fills."""
    rules: tuple[Rule, ...] = ()
    served: Served | None = None


def make_links(
    chain: Sequence[FallbackSettings], seconds: Mapping[str, Served], *, routes: Mapping[str, Served]
) -> list[Link]:
    """Return the chain, ready to answer; `seconds` are its models by reference, `routes` the models it stands in for.

    A model or label that is unknown is an error, and so is a second model that says other things than the first.
    """
    links: list[Link] = []
    rules = 0
    for each in chain:
        name = each.model or next(iter(routes))
        if name not in routes:
            known = ", ".join(routes)
            raise UsageError(f"serve.fallbacks: no model {name!r}. Models: {known}.{did_you_mean(name, routes)}")
        first = routes[name].classifier
        for label in (*(rule.label for rule in each.rules), *([each.label] if each.label else [])):
            if label not in first.labels:
                known = ", ".join(first.labels)
                near = did_you_mean(label, first.labels)
                raise UsageError(f"serve.fallbacks: no label {label!r} of {name}. Labels: {known}.{near}")
        if each.label:
            links.append(Link(name, (Rule("label", re.compile(""), each.label),)))
        elif each.rules:
            named = [Rule(f"rule {n}", rule.pattern, rule.label) for n, rule in enumerate(each.rules, rules + 1)]
            rules += len(named)
            links.append(Link(name, tuple(named)))
        else:
            second = seconds[each.bundle].classifier
            foreign = ", ".join(label for label in second.labels if label not in first.labels)
            if foreign or second.several != first.several:
                why = f"labels that it does not know: {foreign}" if foreign else "a different number of labels a text"
                raise UsageError(f"serve.fallbacks: {each.bundle} cannot stand in for {name}, for it gives {why}")
            links.append(Link(name, served=seconds[each.bundle]))
    return links


async def step_in(
    links: Sequence[Link], asked: Asked, predictions: list[Prediction], *, task: Task, deadline_seconds: float
) -> dict[int, SteppedIn]:
    """Put the first fallback's answer in place of every silence, and return what stepped in where.

    What a version that was put live later does not know is not said in its place.
    """
    stepped: dict[int, SteppedIn] = {}
    for link in links:
        silent = [number for number, each in enumerate(predictions) if not each.decided]
        if not silent:
            break
        if link.served is not None:
            second = await link.served.predict(
                [asked.texts[number] for number in silent],
                [predictions[number].id for number in silent],
                deadline_seconds=deadline_seconds,
            )
            found = [(link.served.name, tightened(each, asked.threshold)) for each in second]
        else:
            found = [
                _by_rules(link.rules, asked.texts[number] or "", predictions[number], task=task) for number in silent
            ]
        for number, (by, said) in zip(silent, found, strict=True):
            labels = (said.label,) if isinstance(said.label, str) else said.label
            if labels is None or said.several == task.exclusive or not all(each in task.label_set for each in labels):
                continue
            stepped[number] = SteppedIn(by, predictions[number])
            predictions[number] = replace(said, reason=FALLBACK)
    return stepped


def _by_rules(rules: Sequence[Rule], text: str, silence: Prediction, *, task: Task) -> tuple[str, Prediction]:
    """Which rules decide and what they say: the first that fits, or, where a text may have several labels, all."""
    fit = [rule for rule in rules if rule.label in task.label_set and rule.pattern.search(text)]
    if not fit:
        return "", silence
    if task.exclusive:
        return fit[0].name, replace(silence, label=fit[0].label, score=None)
    (labels,) = task.decode(task.encode([[rule.label for rule in fit]]))  # with all that they imply
    return ", ".join(rule.name for rule in fit), replace(silence, label=labels, score=None)
