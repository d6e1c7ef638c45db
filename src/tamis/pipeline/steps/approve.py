"""The step `approve`: the approval of a version, given here or waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from tamis.core import Workspace
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.kinds import Context, step
from tamis.registry import open_registry


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, str]:
    """Whether somebody has decided meanwhile; what is approved here needs nobody."""
    if given["how"] == "automatic":
        return {}
    return {"the approval": open_registry(workspace).state().version(given["version"].ref).status}


@step(outputs=("approved", "status"), settings=("registry",), code=("registry",), reads=_reads)
def approve(
    context: Context, version: Artefact, *, how: Literal["manual", "automatic"] = "manual"
) -> Mapping[str, Any]:
    """Return whether a version is approved; `automatic` approves one that nobody has judged yet."""
    registry = open_registry(context.workspace)
    found = registry.state().version(version.ref)
    if how == "automatic" and found.status == "pending":
        count = len((found.facts.get("gate") or {}).get("conditions", ()))
        reason = f"automatic: all {count} conditions of its gate hold" if count else "automatic: no gate was asked for"
        found = registry.approve(found.ref, reason=reason)
    return {"approved": found.status == "approved", "status": found.status}
