"""How versions, their scores, their gates and the history are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.registry import Decision, Entry, Model, Served, Version, VersionComparison

_DEEDS = {
    "register": "registered",
    "approve": "approved",
    "reject": "rejected",
    "promote": "promoted",
    "rollback": "rolled back",
    "remove": "removed",
}


def show_models(models: Iterable[Model], *, newest: int) -> None:
    """Print each model's versions, the newest first, and always those that an alias names."""
    for model in models:
        shown = sorted(model.versions)[-newest:] if newest else []
        shown = sorted({*shown, *model.aliases.values()}, reverse=True)
        output.print_table(
            ["", "status", "aliases", "run", "data", "score", "since"],
            [_line(model, model.versions[number]) for number in shown],
            title=model.name,
            plain=True,
        )
        if len(shown) < len(model.versions):
            print(f"and {len(model.versions) - len(shown):,} older ones: --newest shows more, --json all")


def show_version(model: Model, version: Version) -> None:
    """Print everything that is known of a version."""
    facts = {name: value for name, value in version.facts.items() if name not in ("evaluation", "gate", "bundle")}
    decisions = {"registered": decided(version.registered)}
    if version.judged is not None:
        decisions[version.status] = decided(version.judged)
    for alias in model.aliases_of(version.number):
        decisions[alias] = f"since {decided(model.moved[alias])}"
    rows = {"status": version.status, "aliases": ", ".join(model.aliases_of(version.number)), **facts, **decisions}
    output.print_table(
        ["", version.ref], [[name, str(value)] for name, value in rows.items() if value not in (None, "")]
    )
    evaluation: Mapping[str, Any] | None = version.facts.get("evaluation")
    if evaluation is None:
        print("no evaluation came with it")
    else:
        baseline = evaluation.get("baseline_scores", {})
        output.print_table(
            ["score", "model", f"{evaluation.get('baseline') or 'baseline'} baseline"],
            [[name, interval(score), interval(baseline.get(name))] for name, score in evaluation["scores"].items()],
            title=f"{evaluation['rows']:,} rows of {evaluation['source']}",
        )
    show_gate(version.facts.get("gate"))


def show_gate(gate: Mapping[str, Any] | None, title: str = "gate") -> None:
    """Print the report of a gate."""
    if gate is None:
        print(f"{title}: none was asked of it")
        return
    output.print_table(
        ["condition", "holds", "says"],
        [[each.get("condition"), each.get("holds"), each.get("says")] for each in gate.get("conditions", ())],
        title=f"{title}: {'passed' if gate['passed'] else 'not passed'}",
    )


def show_comparison(found: VersionComparison) -> None:
    """Print two versions side by side."""
    names = [version.ref for version in found.versions]
    for note in found.notes:
        print(f"note: {note}")
    output.print_table(["", *names], [[name, *map(_said, pair)] for name, pair in found.facts.items() if any(pair)])
    if found.scores:
        judged = [["judged on", *found.judged_on]]
        scores = [[name, interval(one), interval(other)] for name, (one, other) in found.scores.items()]
        output.print_table(["score", *names], judged + scores)
    for name, gate in zip(names, found.gates, strict=True):
        show_gate(gate, f"gate of {name}")
    if found.settings:
        settings = [[name, _said(one), _said(other)] for name, (one, other) in found.settings.items()]
        output.print_table(["setting", *names], settings)
    elif not any("settings" in note for note in found.notes):
        print("the settings are the same")


def show_history(entries: Sequence[Entry], *, last: int) -> None:
    """Print the last entries, the newest at the end."""
    shown = entries[-last:] if last else []
    output.print_table(
        ["", "when", "who", "what", "version", "why"],
        [
            [
                entry.number,
                when(entry.at),
                entry.who,
                _DEEDS[entry.action] + (f" to {entry.alias}" if entry.alias else ""),
                f"{entry.model}@{entry.version}",
                entry.reason,
            ]
            for entry in shown
        ],
        plain=True,
    )
    if len(shown) < len(entries):
        print(f"and {len(entries) - len(shown):,} before these: --last shows more, --json all")


def show_served(stretches: Sequence[Served]) -> None:
    """Print what served when, and why."""
    for each in stretches:
        until = when(each.until) if each.until else "now"
        print(f"{each.model}@{each.alias} was {each.model}@{each.version} from {when(each.since)} until {until}")
        print(f"  {_DEEDS[each.by]} by {each.moved.who}: {each.moved.reason}")
        if each.approved is not None:
            print(f"  approved by {each.approved.who} on {when(each.approved.at)}: {each.approved.reason}")


def show_gone(versions: Sequence[Version]) -> None:
    """Print the versions whose bundles go, and why they are not needed."""
    output.print_table(
        ["version", "status", "run", "registered"],
        [[version.ref, version.status, version.facts.get("run"), decided(version.registered)] for version in versions],
    )


def decided(decision: Decision) -> str:
    """Return who decided, when and why, as one line."""
    return f"{when(decision.at)} by {decision.who}: {decision.reason}"


def interval(score: Mapping[str, float | None] | None) -> str | None:
    """Return `0.751 (0.702 to 0.8)`, or None where nothing was measured."""
    if score is None or score["value"] is None:
        return None
    if score["low"] is None or score["high"] is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({score['low']:.3f} to {score['high']:.3f})"


def when(moment: datetime) -> str:
    """Return a moment in the time of this machine."""
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _line(model: Model, version: Version) -> list[object]:
    evaluation = version.facts.get("evaluation") or {}
    score = interval(evaluation.get("scores", {}).get(evaluation.get("main_metric")))
    return [
        version.number,
        version.status,
        ", ".join(model.aliases_of(version.number)) or None,
        version.facts.get("run"),
        version.facts.get("dataset"),
        f"{score} {evaluation['main_metric']}" if score else None,
        f"{(version.judged or version.registered).at.astimezone():%Y-%m-%d}",
    ]


def _said(value: object) -> str | None:
    return None if value is None else str(value)
