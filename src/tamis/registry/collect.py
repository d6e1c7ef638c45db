"""collect_bundles: removes the bundles that nothing will be served from any more."""

from __future__ import annotations

import contextlib
from pathlib import Path

from tamis.core import UsageError, Workspace, draft_folder
from tamis.registry.bundles import bundles_folder, clear_drafts, is_shared
from tamis.registry.registry import open_registry
from tamis.registry.state import Model, State, Version

KEPT = 3
"""How many versions of a model stay, the newest ones, besides those that an alias names or may go back to."""


def unneeded(state: State, *, keep: int = KEPT) -> list[Version]:
    """Return the versions whose bundles may go: the rejected, and old ones that no alias names or may go back to."""
    if keep < 0:
        raise UsageError(f"keep {keep}: 0 or more of the newest versions stay")
    return [version for model in state.models.values() for version in _of_model(model, keep)]


def collect_bundles(workspace: Workspace, *, keep: int = KEPT, reason: str, who: str = "") -> list[Version]:
    """Remove the bundles of unneeded versions, and return these versions; the history says who did it and why."""
    registry = open_registry(workspace, who=who)
    removed = registry.remove(lambda state: unneeded(state, keep=keep), reason=reason)
    home = bundles_folder(workspace)
    if home.is_dir():
        with draft_folder(home) as going:
            registry.hold(lambda state: _take_out(state, home, going, strangers=not is_shared(workspace)))
        clear_drafts(workspace)
    return removed


def _of_model(model: Model, keep: int) -> list[Version]:
    named = {number for places in model.places.values() for number in places}
    there = [version for version in model.versions.values() if version.status != "removed"]
    newest = {version.number for version in there[max(len(there) - keep, 0) :]}
    return [
        version
        for version in there
        if version.status == "rejected" or (version.number not in named and version.number not in newest)
    ]


def _take_out(state: State, home: Path, going: Path, *, strangers: bool) -> None:
    """Move what no version needs out of the way, in one step each; whoever reads it just now may go on.

    `strangers` are bundles that the history does not know: what a killed registration left, or somebody else's.
    """
    versions = [version for model in state.models.values() for version in model.versions.values()]
    known = {version.facts["bundle"] for version in versions}
    needed = {version.facts["bundle"] for version in versions if version.status != "removed"}
    for folder in home.iterdir():
        if folder.name in known - needed or (strangers and folder.name not in known and folder.name[0] != "."):
            with contextlib.suppress(FileNotFoundError):
                folder.rename(going / folder.name)
