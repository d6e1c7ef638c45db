"""Artefacts: for each kind how it is found again, and how its fingerprint is read from the disk as it is now.

What a step is given may be extended later (a decision rule is fitted, an ONNX file and an evaluation are laid into the
bundle). So a fingerprint is of what the step that made it answers for, and of nothing that comes and goes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tamis.core import DataError, TamisError, UsageError, Workspace, did_you_mean, fingerprint, fingerprint_file
from tamis.core import fingerprint_files as of_files
from tamis.pipeline.artefact import Artefact


def find_artefact(workspace: Workspace, kind: str, ref: str) -> Artefact:
    """Return an artefact as it is on the disk now; a DataError when it is not there, or not whole."""
    try:
        return Artefact(kind=kind, ref=ref, fingerprint=_reader(kind)(workspace, ref))
    except OSError as error:
        raise DataError(f"the {kind} {ref} cannot be read: {error.strerror or error}") from None


def is_there(workspace: Workspace, artefact: Artefact) -> bool:
    """Return whether an artefact is still what it was when it was made."""
    try:
        return find_artefact(workspace, artefact.kind, artefact.ref) == artefact
    except TamisError:
        return False


def artefacts_in(value: Any) -> Iterator[Artefact]:
    """Yield the artefacts of an output: itself, or those in a list or a mapping, read back from JSON or not."""
    if isinstance(value, Artefact):
        yield value
    elif isinstance(value, Mapping):
        if set(value) == set(Artefact.model_fields):
            yield Artefact.model_validate(value)
        else:
            for inner in value.values():
                yield from artefacts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from artefacts_in(inner)


def _dataset(workspace: Workspace, ref: str) -> str:
    """A version: its rows, roles, task and cleaning, as its manifest says; its files must be there."""
    from tamis.data import open_dataset

    dataset = open_dataset(workspace, ref)
    for part in dataset.manifest.parts:
        if (dataset.path / part.file).stat().st_size != part.bytes:
            raise DataError(f"{part.file} of {ref} is not as long as it was written")
    return dataset.manifest.fingerprint


def _run(workspace: Workspace, ref: str) -> str:
    """A training: its data, settings, code and seed. What was laid into its bundle later does not count."""
    from tamis.train import find_run

    return find_run(workspace, ref).bundle.manifest.lineage.fingerprint


def _bundle(workspace: Workspace, ref: str) -> str:
    """A model as it answers: its weights, task, cleaning, decision rule and engine; not its name, age or report."""
    from tamis.models import find_bundle

    manifest = find_bundle(workspace, ref).manifest
    said = manifest.model_dump(mode="json", include={"family", "task", "schema_", "cleaning", "long_text", "engine"})
    decider = manifest.decider.model_dump(mode="json")
    return fingerprint([said, decider, {name: of for name, of in manifest.files.items() if name not in _REPORTS}])


def _evaluation(workspace: Workspace, ref: str) -> str:
    """A report: all its numbers, not when it was made and what the model was called."""
    path = workspace.root / ref
    try:
        said = json.loads((path / "evaluation.json" if path.is_dir() else path).read_bytes())
        return fingerprint({key: value for key, value in said.items() if key not in _NAMES})
    except (ValueError, AttributeError):
        raise DataError(f"the evaluation {ref} is damaged") from None


def _version(workspace: Workspace, ref: str) -> str:
    """A version in the registry, by the seal of its bundle; one that was removed is not there."""
    from tamis.registry import open_registry

    version = open_registry(workspace).state().version(ref)
    if version.status == "removed":
        raise DataError(f"{ref} was removed from the registry")
    return fingerprint([version.ref, version.facts["seal"]])


def _file(workspace: Workspace, ref: str) -> str:
    """A file, by its bytes."""
    return fingerprint_file(workspace.root / ref)


def _folder(workspace: Workspace, ref: str) -> str:
    """A folder, by the names and bytes of its files; what hides is not counted."""
    root = workspace.root / ref
    if not root.is_dir():
        raise FileNotFoundError(2, "no such folder")
    files = (path for path in root.rglob("*") if path.is_file())
    return of_files(root, (path for path in files if not any(p[0] == "." for p in path.relative_to(root).parts)))


_REPORTS = ("evaluation.json", "parity.json")
_NAMES = ("created", "seconds", "model", "run")

KINDS: Mapping[str, Callable[[Workspace, str], str]] = {
    "dataset": _dataset,
    "run": _run,
    "bundle": _bundle,
    "evaluation": _evaluation,
    "version": _version,
    "file": _file,
    "folder": _folder,
}
"""What can be handed on by name. Each reads the fingerprint of what is there now, or says why it cannot."""


def _reader(kind: str) -> Callable[[Workspace, str], str]:
    if kind not in KINDS:
        raise UsageError(f"no artefact is a {kind!r}. Kinds: {', '.join(KINDS)}.{did_you_mean(kind, KINDS)}")
    return KINDS[kind]


def is_below(workspace: Workspace, artefact: Artefact, folder: Path) -> bool:
    """Return whether an artefact is a file or folder that lies in `folder`."""
    if artefact.kind not in ("evaluation", "file", "folder"):
        return False
    return (workspace.root / artefact.ref).resolve().is_relative_to(folder.resolve())
