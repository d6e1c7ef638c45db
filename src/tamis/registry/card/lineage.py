"""Lineage: what made the model, what that took, and who decided what about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tamis.core.markdown import code, plain, table
from tamis.registry.card.energy import SOURCE, energy_of
from tamis.registry.card.facts import SENTENCE, Facts
from tamis.train import Run, TrainSettings

_DEEDS = {
    "register": "registered", "approve": "approved", "reject": "rejected", "promote": "promoted",
    "rollback": "gone back to", "remove": "bundle removed",
}  # fmt: skip


def lineage(facts: Facts) -> Iterator[str]:
    """Yield the section."""
    manifest = facts.bundle.manifest
    made = manifest.lineage
    rows: dict[str, str] = {"Bundle": f"{code(manifest.name)}, seal {code(manifest.seal[:16])}"}
    if facts.imported:
        rows["Imported from"] = code(facts.imported.get("from", ""))
        rows["Made on"] = f"{made.created:%Y-%m-%d}"
    else:
        rows |= {
            "Run": f"{code(made.run)}, fingerprint {code(made.fingerprint)}",
            "Dataset": f"{code(made.dataset)}, fingerprint {code(made.dataset_fingerprint)}",
            "Trained": f"{made.created:%Y-%m-%d %H:%M} UTC by Tamis {plain(made.tamis)}",
            "Commit": code(made.git_commit or ""),
            "Started from": code(made.settings.get("train", {}).get("backbone", ""))
            if manifest.family != "linear"
            else "",
            "Settings": _changed(made.settings.get("train", {})),
        }
    rows["Runs with"] = f"{plain(manifest.engine.name)} in {plain(manifest.engine.precision)}"
    if facts.run is not None:
        rows["Libraries"] = ", ".join(
            f"{plain(name)} {plain(version)}" for name, version in facts.run.environment.items()
        )
    yield from ("## Where it comes from", "")
    yield from (f"- **{name}:** {value}" for name, value in rows.items() if value)
    for warning in facts.run.warnings if facts.run is not None else ():
        yield f"- **The training warned:** {plain(warning, most_characters=SENTENCE)}"
    yield ""
    if facts.run is not None:
        yield from _time(facts.run)


def decisions(facts: Facts) -> Iterator[str]:
    """Yield the section: the gate's conditions, and the history of this version."""
    if facts.version is None:
        return
    gate = facts.version.facts.get("gate")
    if isinstance(gate, Mapping):
        yield from _gate(gate)
    yield from ("## Who decided what", "")
    yield from table(
        ["When (UTC)", "Who", "What", "Why"],
        [
            (
                f"{each.at:%Y-%m-%d %H:%M}",
                plain(each.who),
                _DEEDS[each.action]
                + (
                    f" to {code(each.alias)}"
                    if each.action == "promote"
                    else code(each.alias or "") and f" by {code(each.alias)}"
                ),
                plain(each.reason, most_characters=SENTENCE),
            )
            for each in facts.history
        ],
        left=4,
    )
    yield f"Written on {facts.at:%Y-%m-%d %H:%M} UTC. What came after: `tamis models history`."
    yield ""


def _gate(gate: Mapping[str, Any]) -> Iterator[str]:
    yield from ("## Its gate", "")
    yield from (f"It {'passed' if gate.get('passed') else 'did **not** pass'} its gate.", "")
    conditions = gate.get("conditions")
    if isinstance(conditions, list | tuple):
        yield from table(
            ["Condition", "Held", "It says"],
            [
                (code(each.get("condition", "")), "yes" if each.get("holds") else "**no**", plain(each.get("says", "")))
                for each in conditions
                if isinstance(each, Mapping)
            ],
            left=3,
        )


def _changed(settings: Mapping[str, Any]) -> str:
    """The settings that are not the default."""
    usual = TrainSettings().model_dump(mode="json")
    skipped = ("trackers", "backbone", "device")
    changed = {name: value for name, value in settings.items() if usual.get(name) != value and name not in skipped}
    return ", ".join(code(f"{name}={value}") for name, value in changed.items()) or "all as they come"


def _time(run: Run) -> Iterator[str]:
    energy, cores = energy_of(run), run.host.get("cores")
    yield from ("## Time and energy", "")
    yield f"The training took **{_duration(run.seconds)}**" + (f" on a machine with {cores} cores." if cores else ".")
    if energy is None:
        yield "What energy that is cannot be told: it did not run on the processor alone."
    else:
        used = f"{energy.cores} core{'s' if energy.cores > 1 else ''}"
        yield f"At {used} in use that is **{energy}** of energy. This is an estimate, not a measurement: {SOURCE}."
    yield "What was tried before, the evaluation, and all that the model answers later are not in it."
    yield ""


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"
