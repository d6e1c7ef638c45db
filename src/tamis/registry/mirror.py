"""Mirrors: other systems that show what the registry says, told after every change and at any other time."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tamis.core import RegistryMirror, ShownModel, ShownVersion, Workspace, plugins
from tamis.registry.bundles import bundles_folder
from tamis.registry.config import RegistrySettings
from tamis.registry.registry import Registry
from tamis.registry.state import Decision, Model, State, Version

log = logging.getLogger(__name__)

_KINDS = {"linear": "A linear model of terms", "probe": "A frozen encoder with a trained head", "encoder": "An encoder"}
_FACTS = ("name", "family", "run", "fingerprint", "dataset", "dataset_fingerprint", "git_commit")


def show_in_mirrors(workspace: Workspace, registry: Registry, names: Sequence[str] = ()) -> list[str]:
    """Bring mirrors (default: those of the settings) to what the registry says, and return their names.

    Whoever changed the registry meanwhile may have shown an older state later: it is done again until nobody has.
    """
    names = list(names) or list(workspace.config.of(RegistrySettings).mirrors)
    for name in names:
        mirror: RegistryMirror = plugins.load("mirror", name)(workspace.state)
        shown = -1
        while shown != (entries := len(registry.ledger.read())):
            shown = entries
            mirror.show(list(shown_models(workspace, registry.state())))
    return names


def tell_mirrors(workspace: Workspace, registry: Registry) -> None:
    """Bring the mirrors of the settings up to date; what they cannot do is a warning: the registry has its change."""
    for name in workspace.config.of(RegistrySettings).mirrors:
        try:
            show_in_mirrors(workspace, registry, [name])
        except Exception as error:  # whatever it is, the change is made and must not look as if it were not
            log.warning(
                "the registry has it, but its mirror does not: %s\nOnce that is mended: tamis models mirror", error
            )


def shown_models(workspace: Workspace, state: State) -> Iterator[ShownModel]:
    """Yield the models of a state as mirrors show them."""
    home = bundles_folder(workspace)
    for model in state.models.values():
        versions = [
            ShownVersion(
                number=version.number,
                seal=str(version.facts["seal"]),
                bundle=None if version.status == "removed" else home / version.facts["bundle"],
                run=str(version.facts.get("run", "")),
                description=_description(version),
                tags=_tags(version),
            )
            for _, version in sorted(model.versions.items())
        ]
        yield ShownModel(name=model.name, versions=versions, aliases=model.aliases, tags=dict(_moves(model)))


def _description(version: Version) -> str:
    """What a version is and how good it was, as its card begins."""
    from tamis.evaluate import Interval, measure_span, measure_text, measure_title

    facts = version.facts
    kind = _KINDS.get(str(facts.get("family")), str(facts.get("family")))
    told = f"{kind} for {facts.get('labels', 'its')} labels, from {facts.get('dataset')}."
    said: Mapping[str, Any] = facts.get("evaluation") or {}
    name = said.get("main_metric", "")
    score = (said.get("scores") or {}).get(name)
    if score:
        found = Interval(*(float("nan") if score[end] is None else score[end] for end in ("value", "low", "high")))
        told += f" {measure_title(name)} {measure_text(found.value, name=name)} ({measure_span(found, name=name)})"
        told += f" on {said.get('scored')} rows of {said.get('source')}."
    else:
        told += " It was not evaluated before it was registered."
    return f"{told}\n\nThe whole card: `tamis models card {version.ref}`, or README.md of its files."


def _tags(version: Version) -> dict[str, str]:
    tags: dict[str, str] = {"tamis.status": version.status}
    if version.judged is not None:
        tags |= _decision("judged", version.judged)
    tags |= _decision("registered", version.registered)
    gate = version.facts.get("gate")
    if isinstance(gate, Mapping) and "passed" in gate:
        tags["tamis.gate"] = "passed" if gate["passed"] else "failed"
    return tags | {f"tamis.{name}": str(version.facts[name]) for name in _FACTS if version.facts.get(name)}


def _moves(model: Model) -> Iterator[tuple[str, str]]:
    """Who put each alias where it is, and why."""
    for alias, decision in model.moved.items():
        yield from _decision(f"alias.{alias}", decision).items()


def _decision(what: str, decision: Decision) -> dict[str, str]:
    return {
        f"tamis.{what}.by": decision.who,
        f"tamis.{what}.at": f"{decision.at:%Y-%m-%dT%H:%M:%SZ}",
        f"tamis.{what}.reason": decision.reason,
    }
