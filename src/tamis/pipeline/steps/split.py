"""The step `split`: which rows teach, which choose, and which judge."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from tamis.core import Workspace
from tamis.data import dataset_names, open_dataset, source_fingerprint, source_place
from tamis.features import FeatureSettings
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.split import SplitOptions, SplitSettings, open_hold_out, split_dataset


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, str] | None:
    hold_out = given["hold_out"]
    if hold_out is None:
        return {}
    if _is_dataset(workspace, hold_out):
        return {hold_out: open_dataset(workspace, hold_out).manifest.fingerprint}
    found = source_fingerprint(source_place(hold_out, workspace.root))
    return None if found is None else {hold_out: found}


@step(
    outputs=("dataset", "rows", "warnings"),
    settings=("split", "features"),
    code=("tasks", "data", "features", "split"),
    reads=_reads,
)
def split(
    context: Context,
    dataset: Artefact,
    *,
    by: Literal["label", "group", "time", "keep"] = "label",
    column: str | None = None,
    from_column: str | None = None,
    names: dict[str, str] = {},  # noqa: B006
    hold_out: str | None = None,
    near_duplicates: bool = True,
    rows: Annotated[int, Field(ge=2)] | None = None,
    balance: Literal["down", "over"] | None = None,
) -> Mapping[str, Any]:
    """Return the dataset with a split for each row; `keep` leaves those that it came with."""
    workspace = context.workspace
    opened = open_dataset(workspace, dataset.ref)
    if by == "keep":
        return {"dataset": dataset, "rows": opened.manifest.split_counts, "warnings": []}
    settings = workspace.config.of(SplitSettings)
    held = None
    if hold_out is not None:
        place = hold_out if _is_dataset(workspace, hold_out) else source_place(hold_out, workspace.root)
        held = open_hold_out(workspace, opened, place, progress=context.progress)
    options = SplitOptions(
        fractions=settings.fractions,
        seed=settings.seed,
        by=by,
        column=column,
        from_column=from_column,
        names=names,
        hold_out=held,
        near_duplicates=near_duplicates,
        threshold=workspace.config.of(FeatureSettings).near_duplicate_threshold,
        rows=rows,
        balance=balance,
        balance_ratio=settings.balance_ratio,
    )
    result = split_dataset(workspace, opened, options, progress=context.progress)
    found = find_artefact(workspace, "dataset", result.dataset.ref)
    return {"dataset": found, "rows": dict(result.rows), "warnings": list(result.warnings)}


def _is_dataset(workspace: Workspace, name: str) -> bool:
    return name.partition("@")[0] in dataset_names(workspace) and not (workspace.root / Path(name)).exists()
