"""Fallback: what answers where the model keeps silent: rules, a second model or a fixed label, as declared."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tamis.core import Prediction, UsageError, did_you_mean
from tamis.serve.asked import SteppedIn
from tamis.serve.config import FallbackSettings
from tamis.serve.served import Served

FALLBACK = "fallback"
"""The reason of a prediction that the model did not make itself."""


@dataclass(frozen=True)
class Link:
    """One fallback, ready to answer."""

    settings: FallbackSettings
    patterns: tuple[re.Pattern[str], ...]
    served: Served | None


def make_links(chain: Sequence[FallbackSettings], served: dict[str, Served], *, labels: Sequence[str]) -> list[Link]:
    """Return the chain, ready to answer; `served` are its models by reference. A label that is unknown is an error."""
    for each in chain:
        for label in (*(rule.label for rule in each.rules), *([each.label] if each.label else [])):
            if label not in labels:
                known = ", ".join(labels)
                raise UsageError(f"serve.fallbacks: no label {label!r}. Labels: {known}.{did_you_mean(label, labels)}")
    return [
        Link(each, tuple(rule.pattern for rule in each.rules), served[each.bundle] if each.bundle else None)
        for each in chain
    ]


async def step_in(
    links: Sequence[Link],
    texts: Sequence[str | None],
    predictions: list[Prediction],
    *,
    several: bool,
    deadline_seconds: float,
) -> dict[int, SteppedIn]:
    """Put the first fallback's answer in place of every silence, and return what stepped in where."""
    stepped: dict[int, SteppedIn] = {}
    for link in links:
        silent = [number for number, each in enumerate(predictions) if not each.decided]
        if not silent:
            break
        if link.served is not None:
            second = await link.served.predict(
                [texts[number] for number in silent],
                [predictions[number].id for number in silent],
                deadline_seconds=deadline_seconds,
            )
            found = [(number, link.served.name, said) for number, said in zip(silent, second, strict=True)]
        else:
            found = [
                (number, by, replace(predictions[number], label=(label,) if several else label, reason=FALLBACK))
                for number in silent
                for by, label in [_by_rule(link, texts[number] or "")]
                if by
            ]
        for number, by, said in found:
            if said.decided:
                stepped[number] = SteppedIn(by, predictions[number])
                predictions[number] = replace(said, reason=FALLBACK)
    return stepped


def _by_rule(link: Link, text: str) -> tuple[str, str]:
    """Who decides and what; nothing when no rule fits."""
    if link.settings.label:
        return "label", link.settings.label
    for number, (pattern, rule) in enumerate(zip(link.patterns, link.settings.rules, strict=True), 1):
        if pattern.search(text):
            return f"rule {number}", rule.label
    return "", ""
