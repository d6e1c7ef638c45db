"""Bundles: those of the versions, kept beside the history, so that a version outlives the run that made it."""

from __future__ import annotations

import contextlib
import errno
import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamis.core import DataError, UsageError, Workspace, abandoned, draft_folder, publish
from tamis.models import CARD, MANIFEST, Bundle, find_bundle, open_bundle
from tamis.registry.config import RegistrySettings
from tamis.registry.registry import open_registry
from tamis.registry.state import Version

EVALUATION = "evaluation.json"
GATE = "gate/gate.json"
_SEAL_DIGITS = 16
_DAY_SECONDS = 86_400
_OF_AN_EVALUATION = ("source", "split", "created", "rows", "scored", "units", "confidence", "main_metric", "baseline")


def register_run(
    workspace: Workspace,
    run: str | Path,
    *,
    model: str | None = None,
    gate: Mapping[str, Any] | None = None,
    reason: str,
    who: str = "",
) -> Version:
    """Return the pending version that a run's bundle (or a bundle's folder, or a `.tamis` file) is now.

    The bundle is copied beside the history (by hard links where that can be), whole or not at all. The same bundle
    again is the same version. Without a name the model is called like the dataset it learned from, and without a
    gate report the one in the run's folder is taken, where there is one.
    """
    bundle = find_bundle(workspace, str(run))
    facts = facts_of(bundle)
    if gate is None and (bundle.path.parent / GATE).is_file():
        gate = read_gate(bundle.path.parent / GATE)
    if gate is not None:
        facts["gate"] = dict(gate)
    home = bundles_folder(workspace)
    clear_drafts(workspace)
    with draft_folder(home) as draft:
        fresh, target = draft / "bundle", home / facts["bundle"]
        _copy(bundle, fresh)
        if not _is_sound(fresh, facts["seal"]):
            raise DataError(f"the bundle {bundle.path} changed while it was copied", hint="try again")

        def place() -> None:
            if not _is_sound(target, facts["seal"]):
                if target.exists():
                    target.rename(draft / "damaged")
                with contextlib.suppress(FileExistsError):
                    publish(fresh, target)

        named = model if model is not None else bundle.manifest.lineage.dataset.partition("@")[0]
        return open_registry(workspace, who=who).register(named, facts, reason=reason, place=place)


def version_bundle(workspace: Workspace, ref: str, *, only_approved: bool = False) -> Bundle:
    """Return the verified bundle of a version: `docs@3`, `docs@champion`, `docs` (its champion).

    With `only_approved` one that is not is refused: what is asked for is to be deployed.
    """
    version = open_registry(workspace).state().version(ref)
    if only_approved and version.status != "approved":
        hint = f"tamis models approve {version.ref} --reason …" if version.status == "pending" else None
        raise UsageError(f"{version.ref} is {version.status}, not approved: it cannot be deployed", hint=hint)
    return bundle_of(workspace, version)


def bundle_of(workspace: Workspace, version: Version) -> Bundle:
    """Return the bundle of a version, after verifying that it is the one that was registered."""
    folder = bundles_folder(workspace) / version.facts["bundle"]
    if version.status == "removed":
        assert version.judged is not None
        raise UsageError(f"the bundle of {version.ref} was removed by {version.judged.who}: {version.judged.reason}")
    if not (folder / MANIFEST).is_file():
        raise DataError(
            f"the bundle of {version.ref} is not in {folder}",
            hint=f"register the same bundle again (its seal begins with {version.facts['bundle']}), "
            "or let registry.bundles name the folder where it is",
        )
    bundle = open_bundle(folder)
    if bundle.manifest.seal != version.facts["seal"]:
        raise DataError(
            f"{folder} is not the bundle that was registered as {version.ref}: another one lies in its place",
            hint="register the right one again",
        )
    return bundle


def bundles_folder(workspace: Workspace) -> Path:
    """Return the folder where the bundles of the versions are."""
    named = workspace.config.of(RegistrySettings).bundles
    return workspace.root / named if named else workspace.registry / "bundles"


def is_shared(workspace: Workspace) -> bool:
    """Return whether others may keep their bundles in the same folder."""
    return bool(workspace.config.of(RegistrySettings).bundles)


def clear_drafts(workspace: Workspace) -> None:
    """Remove what killed registrations left. Whether a process of another machine lives nobody can tell from here:
    so in a shared folder only what is a day old."""
    aged = time.time() - (_DAY_SECONDS if is_shared(workspace) else 0)
    for left in abandoned(bundles_folder(workspace)):
        with contextlib.suppress(FileNotFoundError):  # somebody else clears up, too
            if left.stat().st_mtime <= aged:
                shutil.rmtree(left, ignore_errors=True)


def facts_of(bundle: Bundle) -> dict[str, Any]:
    """Return what a version of a bundle binds."""
    manifest = bundle.manifest
    if not manifest.seal:
        raise DataError(f"the bundle {bundle.path} has no seal", hint="an old Tamis made it: train it anew")
    facts = {
        "bundle": manifest.seal[:_SEAL_DIGITS],
        "seal": manifest.seal,
        "name": manifest.name,
        "family": manifest.family,
        "task": manifest.task.name,
        "labels": len(manifest.task.labels),
        **manifest.lineage.model_dump(mode="json", exclude={"settings"}),
    }
    if EVALUATION in manifest.files:
        facts["evaluation"] = _scores(json.loads((bundle.path / EVALUATION).read_bytes()))
    return facts


def read_gate(path: Path) -> dict[str, Any]:
    """Return the report of a gate: whether it was `passed`, and the `conditions`, each with what it `says`."""
    try:
        report = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is no gate report: it is no JSON: {error}") from None
    if not isinstance(report, dict) or not isinstance(report.get("passed"), bool):
        raise DataError(f"{path} is no gate report: it does not say whether the gate was passed")
    conditions = report.get("conditions", [])
    if not isinstance(conditions, list) or not all(isinstance(each, dict) for each in conditions):
        raise DataError(
            f"{path} is no gate report: its `conditions` are no list of objects",
            hint='{"passed": true, "conditions": [{"condition": "…", "holds": true, "says": "…"}]}',
        )
    return report


def _scores(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The measures with their intervals, and what they were measured on."""
    facts = {name: evaluation.get(name) for name in _OF_AN_EVALUATION}
    facts["scores"] = {name: score["model"] for name, score in evaluation["scores"].items()}
    facts["baseline_scores"] = {
        name: score["baseline"] for name, score in evaluation["scores"].items() if score.get("baseline")
    }
    return facts


def _copy(bundle: Bundle, folder: Path) -> None:
    """Copy a bundle; its sealed files are never written to, so links to them do, where the disk has links."""
    for name in bundle.contents:
        source, target = bundle.path / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if name == CARD:  # people write in it
            shutil.copyfile(source, target)
            continue
        try:
            target.hardlink_to(source.resolve())  # a link to a link would not outlive it
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise
            shutil.copyfile(source, target)


def _is_sound(folder: Path, seal: str) -> bool:
    try:
        return folder.exists() and open_bundle(folder).manifest.seal == seal
    except DataError:
        return False
