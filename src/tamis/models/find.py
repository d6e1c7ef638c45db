"""Which bundle a name stands for: a run of the workspace, a folder, or one `.tamis` file."""

from __future__ import annotations

from pathlib import Path

from tamis.core import UsageError, Workspace, did_you_mean
from tamis.models.bundle import Bundle, open_bundle
from tamis.models.sealed import MANIFEST

BUNDLE = "bundle"


def find_bundle(workspace: Workspace, ref: str | None = None) -> Bundle:
    """Return the bundle of a run, of a folder or of a `.tamis` file; without a name, that of the newest run."""
    names = run_names(workspace)
    if ref is None:
        if not names:
            raise UsageError("there is no model in this workspace yet", hint="train one with `tamis train DATASET`")
        return open_bundle(workspace.runs / names[-1] / BUNDLE)
    if ref in names:
        return open_bundle(workspace.runs / ref / BUNDLE)
    if Path(ref).exists():
        return open_bundle(Path(ref))
    known = f"Models: {', '.join(names)}." if names else "There are none yet: `tamis train DATASET`."
    raise UsageError(f"no model {ref!r}: neither a run here nor a file. {known}{did_you_mean(ref, names)}")


def run_names(workspace: Workspace) -> list[str]:
    """Return the runs that have a bundle, oldest first."""
    found = workspace.runs.glob(f"*/{BUNDLE}/{MANIFEST}") if workspace.runs.is_dir() else ()
    return [path.parent.parent.name for path in sorted(found, key=lambda path: path.stat().st_mtime_ns)]
