"""Written: a file that a step made, as an artefact."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tamis.core import Workspace, write_atomic
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact


def write_json(workspace: Workspace, path: Path, said: Mapping[str, Any]) -> Artefact:
    """Return a file of the workspace that says this, as JSON."""
    write_atomic(path, json.dumps(said, indent=1, ensure_ascii=False, default=_plain) + "\n")
    return find_artefact(workspace, "file", path.relative_to(workspace.root).as_posix())


def read_json(workspace: Workspace, artefact: Artefact) -> dict[str, Any]:
    """Return what such a file says."""
    said: dict[str, Any] = json.loads((workspace.root / artefact.ref).read_bytes())
    return said


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
