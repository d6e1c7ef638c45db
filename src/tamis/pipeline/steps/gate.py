"""The step `gate`: may this model be approved?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tamis.core import CheckFailed, Workspace, fingerprint_file, write_atomic
from tamis.data import open_dataset
from tamis.evaluate import EvaluateSettings, compare_bundles, read_suite, run_suite
from tamis.export import Parity
from tamis.models import Bundle, find_bundle
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.config import GateSettings
from tamis.pipeline.gate import (
    Verdict,
    against_champion,
    baseline_beaten,
    behaviour_holds,
    calibrated,
    data_sound,
    gate_page,
    minimum_reached,
    parity_shown,
    slices_reach,
)
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.train import CODE
from tamis.pipeline.steps.written import read_json, write_json
from tamis.predict import open_classifier
from tamis.registry import Version, bundle_of, open_registry

_ALL = GateSettings()
_PARITY = "parity.json"


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, str]:
    """The champion that the model is held against, and the suite."""
    gates: GateSettings = GateSettings.model_validate(given["gates"])
    read = {}
    if gates.champion and (before := _before(workspace, given["run"], given["model"], given["alias"])):
        read[f"{given['model']}@{given['alias']}"] = str(before.facts["seal"])
    if gates.suite and (workspace.root / gates.suite).is_file():
        read[gates.suite] = fingerprint_file(workspace.root / gates.suite)
    return read


@step(
    outputs=("report", "conditions"),
    settings=("evaluate", "predict"),
    code=(*CODE, "evaluate", "export", "registry", "tamis.pipeline.gate"),
    reads=_reads,
)
def gate(
    context: Context,
    run: Artefact,
    evaluation: Artefact,
    check: Artefact | None = None,
    *,
    gates: GateSettings = _ALL,
    model: str,
    alias: str = "champion",
) -> Mapping[str, Any]:
    """Return the report of a gate that was passed; CheckFailed names each condition that does not hold.

    The report is written either way, to `gate` in the run's folder. What did not pass is not registered: nobody can
    approve by mistake what is not there.
    """
    workspace = context.workspace
    bundle = find_bundle(workspace, run.ref)
    verdicts = list(_verdicts(context, bundle, run, evaluation, check, gates, f"{model}@{alias}"))
    failed = [each for each in verdicts if not each.holds]
    folder = bundle.path.parent / "gate"
    said = {"passed": not failed, "run": run.ref, "conditions": [each.model_dump() for each in verdicts]}
    report = write_json(workspace, folder / "gate.json", said)
    write_atomic(folder / "gate.html", gate_page(run.ref, verdicts).html())
    if failed:
        told = "".join(f"\n  {each}" for each in failed)
        raise CheckFailed(
            f"{run.ref} did not pass the gate: {len(failed)} of {len(verdicts)} conditions do not hold{told}",
            hint=f"nothing was registered; all conditions: {folder / 'gate.html'}",
        )
    return {"report": report, "conditions": {each.condition: each.says for each in verdicts}}


def _verdicts(
    context: Context,
    bundle: Bundle,
    run: Artefact,
    evaluation: Artefact,
    check: Artefact | None,
    gates: GateSettings,
    name: str,
) -> Iterator[Verdict]:
    """Every condition that is asked for, each looked at, whatever became of the others."""
    workspace = context.workspace
    said = read_json(workspace, evaluation)
    yield from minimum_reached(said, gates.minimum)
    if gates.baseline:
        yield baseline_beaten(said)
    yield from slices_reach(said, gates.slices)
    if gates.ece is not None:
        yield calibrated(said, gates.ece)
    if gates.champion is not None:
        before = _before(workspace, run, *name.split("@"))
        found = None
        if before is not None:
            found = compare_bundles(workspace, bundle_of(workspace, before), bundle, progress=context.progress)
        yield against_champion(found, gates.champion, name if before is None else f"{name} ({before.ref})")
    if gates.parity:
        file = bundle.path / _PARITY
        yield parity_shown(Parity.model_validate_json(file.read_bytes()) if file.is_file() else None)
    if gates.suite is not None:
        yield behaviour_holds(_behaviour(context, bundle, gates.suite), gates.pass_rate)
    if gates.data is not None and check is not None:
        yield data_sound(read_json(workspace, check), gates.data)


def _behaviour(context: Context, bundle: Bundle, suite: str) -> Any:
    workspace = context.workspace
    read = read_suite(workspace.root / suite)
    return run_suite(
        open_classifier(workspace, bundle),
        read,
        name=bundle.name,
        dataset=open_dataset(workspace, bundle.manifest.lineage.dataset) if read.needs_data else None,
        confidence=workspace.config.of(EvaluateSettings).confidence,
        progress=context.progress,
    )


def _before(workspace: Workspace, run: Artefact, model: str, alias: str) -> Version | None:
    """The last version that the alias named and that is not this very model: it stays the same once this one has it."""
    found = open_registry(workspace).state().models.get(model)
    for number in reversed(found.places.get(alias, ()) if found is not None else ()):
        assert found is not None
        version = found.versions[number]
        if version.status == "approved" and version.facts["fingerprint"] != run.fingerprint:
            return version
    return None
