"""The step `import`: a source becomes a dataset version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from tamis.core import Workspace
from tamis.data import (
    RoleChoice,
    SourceOptions,
    dataset_versions,
    import_dataset,
    open_dataset,
    source_fingerprint,
    source_place,
)
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.config import ReadSettings
from tamis.pipeline.kinds import Context, step

STORED = "dataset:"
_AS_FOUND = ReadSettings()


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, str] | None:
    source = str(given["source"])
    if source.startswith(STORED):
        return {source: _stored(workspace, source)}
    found = source_fingerprint(source_place(source, workspace.root))
    return None if found is None else {source: found}


@step(outputs=("dataset", "rows", "rejected"), settings=("data",), code=("data",), reads=_reads)
def import_source(
    context: Context, *, source: str, name: str = "docs", read: ReadSettings = _AS_FOUND
) -> Mapping[str, Any]:
    """Return the dataset version that holds the rows of a source; `dataset:NAME` is one that is there already.

    Of such a dataset the newest version is taken that no split made: the steps that follow make their own.
    """
    ref = _stored(context.workspace, source) if source.startswith(STORED) else _imported(context, source, name, read)
    manifest = open_dataset(context.workspace, ref).manifest
    found = find_artefact(context.workspace, "dataset", ref)
    return {"dataset": found, "rows": manifest.rows, "rejected": manifest.rejected}


def _stored(workspace: Workspace, source: str) -> str:
    name = source.removeprefix(STORED)
    if "@" in name:
        return name
    for version in reversed(dataset_versions(workspace, name)):
        if "split" not in open_dataset(workspace, f"{name}@{version}").manifest.notes:
            return f"{name}@{version}"
    return open_dataset(workspace, name).ref  # its error names the datasets there are


def _imported(context: Context, source: str, name: str, said: ReadSettings) -> str:
    result = import_dataset(
        context.workspace,
        source_place(source, context.workspace.root),
        name=name,
        kind=said.kind,
        options=_options(said),
        roles=_roles(said),
        max_rejects=said.max_rejects,
        progress=context.progress,
    )
    assert result.dataset is not None  # only a dry run has none
    return result.dataset.ref


def _options(said: ReadSettings) -> SourceOptions:
    names = {field.name for field in fields(SourceOptions)} - {"split"}
    told = {name: getattr(said, name) for name in said.model_fields_set & names}
    return SourceOptions(**told, split=said.hub_split)


def _roles(said: ReadSettings) -> RoleChoice:
    names = {field.name for field in fields(RoleChoice)} - {"label"}
    told = {name: getattr(said, name) for name in said.model_fields_set & names}
    return RoleChoice(**told, label=() if said.label is None else (said.label,))
