"""The linear baseline of a dataset: trained in seconds, once, and kept with what can be made again."""

from __future__ import annotations

from collections.abc import Mapping

from tamis.core import Progress, Silent, Workspace, write_atomic
from tamis.data import Dataset
from tamis.train.config import TrainSettings
from tamis.train.record import Run
from tamis.train.run import train_with
from tamis.train.workers import Workers

_CONFIG = "tamis.yaml"


def linear_baseline(
    workspace: Workspace, dataset: Dataset, *, parents: Mapping[str, str] | None = None, progress: Progress = Silent()
) -> Run:
    """Return the run of a linear model on a dataset's splits; it is no run of the workspace, but of its cache."""
    # a workspace of its own: the runs of this one stay the user's
    home = Workspace(workspace.cache / "baselines" / dataset.manifest.fingerprint)
    if not (home.root / _CONFIG).exists():
        write_atomic(home.root / _CONFIG, "")
    settings = TrainSettings(family="linear", trackers=(), parents=dict(parents or {}))
    return train_with(Workers(), home, dataset, settings, progress=progress)
