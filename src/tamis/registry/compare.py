"""compare_versions: two versions side by side, by what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tamis.core import TamisError, Workspace
from tamis.registry.bundles import bundle_of
from tamis.registry.registry import open_registry
from tamis.registry.state import Version

_FACTS = ("name", "family", "task", "labels", "dataset", "dataset_fingerprint", "run", "created", "git_commit", "tamis")

Pair = tuple[Any, Any]


@dataclass(frozen=True, kw_only=True)
class VersionComparison:
    """What differs between two versions, and what they scored."""

    versions: tuple[Version, Version]
    facts: dict[str, Pair]
    """All of them, for what is the same is worth knowing, too."""
    scores: dict[str, Pair]
    """Each measure's interval (`value`, `low`, `high`) on either side, None where it was not measured."""
    judged_on: Pair
    """The rows that the scores are of."""
    gates: Pair
    settings: dict[str, Pair]
    """Those that differ; None on the side that has none."""
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values."""
        return {
            "versions": [version.to_dict() for version in self.versions],
            "facts": self.facts,
            "judged_on": self.judged_on,
            "scores": self.scores,
            "gates": self.gates,
            "settings": self.settings,
            "notes": self.notes,
        }


def compare_versions(workspace: Workspace, first: str, second: str) -> VersionComparison:
    """Return two versions side by side: facts, scores with intervals, gate reports, and the settings that differ."""
    state = open_registry(workspace).state()
    versions = (state.version(first), state.version(second))
    one, other = (version.facts for version in versions)
    facts: dict[str, Pair] = {"status": (versions[0].status, versions[1].status)}
    facts |= {name: (one.get(name), other.get(name)) for name in _FACTS}
    evaluations = [each.get("evaluation") or {} for each in (one, other)]
    scores = [each.get("scores", {}) for each in evaluations]
    rows = [f"{each['source']} ({each['rows']:,} rows)" if each else None for each in evaluations]
    notes = []
    if all(rows) and (rows[0] != rows[1] or one["dataset_fingerprint"] != other["dataset_fingerprint"]):
        notes.append("they were not judged on the same rows: the scores say little about which one is better")
    if not all(rows):
        without = " and ".join(version.ref for version, each in zip(versions, rows, strict=True) if not each)
        notes.append(f"no evaluation came with {without}")
    settings: list[dict[str, Any] | None] = []
    for version in versions:
        try:
            settings.append(_flat(bundle_of(workspace, version).manifest.lineage.settings))
        except TamisError as error:
            settings.append(None)
            notes.append(f"the settings of {version.ref} are not known: {error.message}")
    return VersionComparison(
        versions=versions,
        facts=facts,
        scores={name: (scores[0].get(name), scores[1].get(name)) for name in dict.fromkeys([*scores[0], *scores[1]])},
        judged_on=(rows[0], rows[1]),
        gates=(one.get("gate"), other.get("gate")),
        settings=_differences(settings[0], settings[1]),
        notes=tuple(notes),
    )


def _differences(one: dict[str, Any] | None, other: dict[str, Any] | None) -> dict[str, Pair]:
    if one is None or other is None:
        return {}
    both = {name: (one.get(name), other.get(name)) for name in dict.fromkeys([*one, *other])}
    return {name: pair for name, pair in both.items() if pair[0] != pair[1]}


def _flat(settings: Mapping[str, Any], before: str = "") -> dict[str, Any]:
    """Settings within settings by their whole names, `train.epochs`."""
    found: dict[str, Any] = {}
    for name, value in settings.items():
        found |= _flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": value}
    return found
