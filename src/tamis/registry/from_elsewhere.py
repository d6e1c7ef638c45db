"""From elsewhere: a model that another system keeps becomes a version, by an address like `mlflow:models:/name/3`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamis.core import Workspace, draft_folder, plugins
from tamis.registry.bundles import register_run
from tamis.registry.state import Version

GROUP = "models_from"


def is_elsewhere(ref: str) -> bool:
    """Return whether a name is an address in another system: `mlflow:…`."""
    system, colon, rest = ref.partition(":")
    return bool(colon and rest) and system in plugins.found(GROUP) and not Path(ref).exists()


def register_from(
    workspace: Workspace,
    address: str,
    *,
    model: str | None = None,
    gate: Mapping[str, Any] | None = None,
    reason: str,
    who: str = "",
) -> Version:
    """Return the pending version that a model of another system is now; without a name it is called as there."""
    system, _, place = address.partition(":")
    fetch = plugins.load(GROUP, system)
    with draft_folder(workspace.cache) as draft:
        folder, name = fetch(place, draft / "fetched", state=workspace.state)
        return register_run(workspace, folder, model=model or name, gate=gate, reason=reason, who=who)
