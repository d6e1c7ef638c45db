"""A first suite for a model: drafted from its own rows, to be made better by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import yaml

from tamis.data import Dataset
from tamis.evaluate.behaviour.drawn import draw_rows
from tamis.evaluate.behaviour.perturbations import PERTURBATIONS

_HARMLESS = ("typos", "lower", "end_punctuation", "whitespace")
_LOOKED_AT = 400
_SHOWN = 4
_MOST_LABELS = 12


def starter_suite(labels: Sequence[str], dataset: Dataset, *, name: str, seed: int = 0) -> str:
    """Return the YAML of a suite for a model's labels, with short rows of its dataset as examples."""
    split = "test" if dataset.manifest.split_counts.get("test") else "all"
    teaching = "train" if dataset.manifest.split_counts.get("train") else "all"
    short = {label: _short(dataset, teaching, label, seed) for label in labels[:_MOST_LABELS]}
    short = {label: texts for label, texts in short.items() if texts}
    functionality = [{"name": f"plain {label}", "texts": texts, "expect": label} for label, texts in short.items()]
    rows: dict[str, Any] = {"from": split, "rows": 100}
    invariance = [
        {"name": "small slips", **rows, "change": {"perturb": list(_HARMLESS)}},
        {"name": "a link behind it", **rows, "change": {"perturb": ["url"]}, "tolerance": 0.2},
    ]
    direction = [
        {
            "name": f"more of {label}",
            **rows,
            "change": {"append": [texts[0]]},
            "label": label,
            "goes": "up",
            "by": -0.01,
            "at_least": 0.8,
        }
        for label, texts in list(short.items())[:3]
    ]
    more = len(labels) - len(short)
    parts = [
        f"# What {name} is expected to do. Drafted from {dataset.ref}: the texts are rows of yours, so put in",
        "# sentences that no reader would doubt, and what must not matter where you use the model.",
        f"# tamis behave {name} THIS_FILE",
        _yaml({"name": name, "seed": seed}),
        "# Words for templates, and for swaps of one word of a list by another:",
        "# lists:",
        "#   thing: [film, book, meal]",
        "#   praise: [wonderful, lovely]",
        "",
        "# Minimum functionality: texts whose label nobody doubts. With the lists above:",
        "#  - name: plain praise",
        '#    templates: ["a {praise} {thing}", "this {thing} was {praise}"]',
        f"#    expect: {labels[0]}",
        *([f"# {more} more labels of the model are left to you."] if more > 0 else []),
        _yaml({"functionality": functionality}) if functionality else "",
        "# Invariance: these changes must not change the label, nor any probability by more than the tolerance.",
        f"# There are: {', '.join(PERTURBATIONS)};",
        "# and append:, prepend:, replace: {old: new}, swap: [a list].",
        _yaml({"invariance": invariance}),
        "# Direction: this change must move the probability of the label up (or down) by so much.",
        _yaml({"direction": direction}) if direction else "",
    ]
    return "\n".join(parts).rstrip() + "\n"


def _short(dataset: Dataset, split: str, label: str, seed: int) -> list[str]:
    """Some texts of a label that are short enough to be read at a glance."""
    drawn = draw_rows(dataset, split, rows=_LOOKED_AT, only=label, seed=seed)
    texts = dict.fromkeys(" ".join(row.text.split()) for row in drawn)
    return sorted((text for text in texts if len(text.split()) >= 3 and len(text) <= 160), key=len)[:_SHOWN]


def _yaml(value: Any) -> str:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=110)
