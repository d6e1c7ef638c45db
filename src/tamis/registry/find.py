"""Which bundle a name stands for: a version of the registry, or else a run, a folder, or one `.tamis` file."""

from __future__ import annotations

from pathlib import Path

from tamis.core import Workspace
from tamis.models import Bundle, find_bundle, run_names
from tamis.registry.bundles import version_bundle


def find_model(workspace: Workspace, ref: str | None = None, *, only_approved: bool = False) -> Bundle:
    """Return the bundle of `docs@3`, of `docs@champion`, or of what `find_bundle` knows.

    With `only_approved` a version that is not is refused: what is asked for is to be deployed.
    """
    if ref is not None and is_version(workspace, ref):
        return version_bundle(workspace, ref, only_approved=only_approved)
    return find_bundle(workspace, ref)


def is_version(workspace: Workspace, ref: str) -> bool:
    """Return whether a name speaks of the registry: it has an `@`, and is neither a run nor a file."""
    return "@" in ref and ref not in run_names(workspace) and not Path(ref).exists()
