"""Front matter: what the Hugging Face hub and others read of a card, with the scores as a `model-index`."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan
from typing import Any

import yaml

from tamis.evaluate import measure_title
from tamis.registry.card.facts import Facts
from tamis.registry.card.measured import interval, shown_scores

_AVERAGES = ("macro", "weighted", "micro")
_KNOWN = {"roc_auc": "roc_auc", "mae": "mae", "brier": "brier_score"}
_LANGUAGE_SHARE = 0.05


def front_matter(facts: Facts) -> str:
    """Return the YAML between its marks."""
    said: dict[str, Any] = {}
    if facts.languages is not None:
        said["language"] = [name for name, share in facts.languages.shares.items() if share >= _LANGUAGE_SHARE]
    said["library_name"] = "tamis" if facts.bundle.manifest.family == "linear" else "transformers"
    said["pipeline_tag"] = "text-classification"
    said["tags"] = ["tamis", "text-classification"]
    if results := list(_results(facts)):
        said["model-index"] = [{"name": facts.name, "results": results}]
    return f"---\n{yaml.safe_dump(said, sort_keys=False, allow_unicode=True, width=120)}---"


def _results(facts: Facts) -> Iterator[dict[str, Any]]:
    said = facts.evaluation
    if said is None:
        return
    metrics = []
    for name in shown_scores(said):
        score = interval(said["scores"][name]["model"])
        if isnan(score.value):
            continue
        kind, average = _kind(name)
        ends = (
            {} if isnan(score.low) or isnan(score.high) else {"low": round(score.low, 4), "high": round(score.high, 4)}
        )
        metric = {"type": kind, "name": measure_title(name), "value": round(score.value, 4)}
        arguments = {**average, **ends, **({"confidence": said["confidence"]} if ends else {})}
        metrics.append(metric | ({"args": arguments} if arguments else {}))
    lineage = facts.bundle.manifest.lineage
    name, split = said["source"], said["split"]
    dataset = {"name": name, "type": name.partition(":")[0].partition("@")[0]} | ({"split": split} if split else {})
    if name.partition(":")[0] == lineage.dataset:
        dataset["revision"] = lineage.dataset_fingerprint
    yield {
        "task": {"type": "text-classification", "name": facts.bundle.manifest.task.name},
        "dataset": dataset,
        "metrics": metrics,
    }


def _kind(name: str) -> tuple[str, dict[str, str]]:
    """What others call a measure, and over what it is averaged."""
    for average in _AVERAGES:
        if name.startswith(f"{average}_"):
            return name.removeprefix(f"{average}_"), {"average": average}
    return _KNOWN.get(name, name), {}
