"""Workspace: the folder with `tamis.yaml`; what Tamis makes lies under its `.tamis/`."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from tamis.core.atomic import write_atomic
from tamis.core.config import Config, commented_defaults, load_config
from tamis.core.errors import UsageError

CONFIG_FILE = "tamis.yaml"


@dataclass(frozen=True)
class Workspace:
    """Where the datasets, runs with their bundles, and caches of one project are."""

    root: Path
    overrides: tuple[str, ...] = ()
    lazy: bool = False
    """Whether a section of the settings is looked at only when somebody asks for it."""

    @classmethod
    def find(cls, start: Path | None = None, *, overrides: tuple[str, ...] = (), lazy: bool = False) -> Workspace:
        """Return the workspace at `start` (default: `$TAMIS_WORKSPACE`, else the current folder) or above it."""
        given = start or (Path(os.environ["TAMIS_WORKSPACE"]) if os.environ.get("TAMIS_WORKSPACE") else None)
        here = (given or Path.cwd()).resolve()
        for folder in (here, *here.parents):
            if (folder / CONFIG_FILE).is_file():
                return cls(folder, overrides, lazy)
        raise UsageError(
            f"no {CONFIG_FILE} in {here} or above it",
            hint="make a workspace with `tamis init .`, or name one with --workspace DIR",
        )

    @cached_property
    def config(self) -> Config:
        """The settings of `tamis.yaml`, with the command line's overrides."""
        return load_config(self.root / CONFIG_FILE, overrides=self.overrides, lazy=self.lazy)

    @property
    def state(self) -> Path:
        """The folder of everything that Tamis makes."""
        return self.root / ".tamis"

    @property
    def datasets(self) -> Path:
        """The folder of dataset versions: `<name>/<version>/`."""
        return self.state / "datasets"

    @property
    def runs(self) -> Path:
        """The folder of training runs: `<name>/` holds the run's record, its checkpoints and its bundle."""
        return self.state / "runs"

    @property
    def registry(self) -> Path:
        """The folder of the registry: its history, and the bundles of the versions."""
        return self.state / "registry"

    @property
    def pipeline(self) -> Path:
        """The folder of whole runs: what each step did, and what may be used again."""
        return self.state / "pipeline"

    @property
    def cache(self) -> Path:
        """The folder of what can be made again; it may be deleted at any time."""
        return self.state / "cache"


def create_workspace(folder: Path) -> Workspace:
    """Make `folder` a workspace: a `tamis.yaml` in which every setting stands with its default, ready to be changed."""
    if (folder / CONFIG_FILE).exists():
        raise UsageError(f"{folder / CONFIG_FILE} is there already; nothing was changed")
    folder.mkdir(parents=True, exist_ok=True)
    write_atomic(folder / CONFIG_FILE, _HEADING + commented_defaults())
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_atomic(ignore, ".tamis/\n")
    return Workspace(folder.resolve())


_HEADING = """\
# The settings of this workspace. What is commented out is the default.
# `tamis config show` prints all of them resolved; any can be given on the command line: split.seed=7
"""
