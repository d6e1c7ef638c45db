"""Finds the constraints of a dataset: in tamis.yaml and in the workspace's constraints.yaml."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path

from tamis.core import Settings, UsageError, Workspace, load_settings
from tamis.quality.config import QualitySettings
from tamis.quality.constraints.constraint import Constraint

CONSTRAINTS_FILE = "constraints.yaml"


class ConstraintsFile(Settings):
    """What a constraints file holds."""

    constraints: tuple[Constraint, ...] = ()


def read_constraints(path: Path) -> tuple[Constraint, ...]:
    """Return the constraints in a file; a mistake is told with its line, path and the nearest key."""
    return load_settings(ConstraintsFile, path).constraints


def constraints_of(workspace: Workspace, dataset: str, *, file: Path | None = None) -> list[Constraint]:
    """Return the constraints about a dataset's name: the settings', then the file's."""
    if file is not None and not file.is_file():
        raise UsageError(f"no such file: {file}", hint="`tamis data verify NAME --suggest` writes a first one")
    own = file or workspace.root / CONSTRAINTS_FILE
    declared: Iterable[Constraint] = workspace.config.of(QualitySettings).constraints
    from_file = read_constraints(own) if own.is_file() else ()
    return [constraint for constraint in (*declared, *from_file) if fnmatchcase(dataset, constraint.dataset)]
