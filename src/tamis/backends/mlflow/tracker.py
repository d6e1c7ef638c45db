"""MLflowTracker: runs, their curves and their bundles in an MLflow database of the workspace."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import mlflow
from mlflow.entities import Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from tamis.backends.mlflow import hush
from tamis.backends.mlflow.database import database
from tamis.backends.mlflow.quiet import quiet
from tamis.backends.mlflow.saved import save_model

EXPERIMENT = "tamis"
BUNDLE_MARK = "tamis.json"
MODEL = "model"
_BATCH = 500  # MLflow takes at most 1000 metrics and 100 parameters at once
_PARAMETER_CHARACTERS = 6000
_TAGS = ("dataset", "dataset_fingerprint", "fingerprint", "family")
_STATUS = {"finished": "FINISHED", "failed": "FAILED", "stopped": "KILLED"}


class MLflowTracker:
    """Writes runs into `.tamis/mlflow.db`, and what belongs to them below `.tamis/mlruns`."""

    def __init__(self, state: Path) -> None:
        hush()
        self._state = state
        self._ids: dict[str, str] = {}
        self._waiting: dict[str, list[Metric]] = {}
        with quiet():
            self._client = mlflow.MlflowClient(tracking_uri=database(state))
            self._experiment = self._open_experiment()

    def start(self, run: str, *, parameters: Mapping[str, object]) -> None:
        """Open a run, or the one of that name again."""
        with quiet():
            known = self._client.search_runs([self._experiment], f"attributes.run_name = '{run}'", max_results=1)
            if known:
                self._ids[run] = known[0].info.run_id
                self._client.update_run(self._ids[run], status="RUNNING")
            else:
                self._ids[run] = self._client.create_run(self._experiment, run_name=run).info.run_id
            told = {} if not known else known[0].data.params
            flat = {name: str(value)[:_PARAMETER_CHARACTERS] for name, value in _flat(parameters)}
            new = [Param(name, value) for name, value in flat.items() if name not in told]
            for start in range(0, len(new), 100):
                self._client.log_batch(self._ids[run], params=new[start : start + 100])
            tags = {name: value for name, value in flat.items() if name in _TAGS}
            if flat.get("git_commit"):
                tags["mlflow.source.git.commit"] = flat["git_commit"].rstrip("+")
            if tags:
                self._client.log_batch(self._ids[run], tags=[RunTag(name, value) for name, value in tags.items()])
        self._waiting[run] = []

    def log(self, run: str, metrics: Mapping[str, float], *, step: int) -> None:
        """Add one point to the curve of each number; they are written some hundreds at a time."""
        now = int(time.time() * 1000)
        waiting = self._waiting[run]
        waiting += [Metric(_name(name), value, now, step) for name, value in metrics.items() if math.isfinite(value)]
        if len(waiting) >= _BATCH:
            self._flush(run)

    def attach(self, run: str, path: Path) -> None:
        """Keep a file or folder; a bundle becomes the run's model, which `mlflow.pyfunc.load_model` opens."""
        with quiet():
            if (path / BUNDLE_MARK).is_file():
                self._keep_model(run, path)
            elif path.is_dir():
                self._client.log_artifacts(self._ids[run], str(path), path.name)
            else:
                self._client.log_artifact(self._ids[run], str(path))

    def finish(self, run: str, *, status: str) -> None:
        """Write what waits, and close the run."""
        self._flush(run)
        with quiet():
            self._client.set_terminated(self._ids.pop(run), status=_STATUS[status])
        del self._waiting[run]

    def _flush(self, run: str) -> None:
        waiting = self._waiting[run]
        with quiet():
            for start in range(0, len(waiting), _BATCH):
                self._client.log_batch(self._ids[run], metrics=waiting[start : start + _BATCH], synchronous=True)
        waiting.clear()

    def _keep_model(self, run: str, bundle: Path) -> None:
        """Save the model straight into the run's artefacts, which are a folder here, so that it is copied once."""
        place = Path(self._client.get_run(self._ids[run]).info.artifact_uri.removeprefix("file://")) / MODEL
        save_model(bundle, place)

    def _open_experiment(self) -> str:
        if known := self._client.get_experiment_by_name(EXPERIMENT):
            return str(known.experiment_id)
        try:
            place = (self._state / "mlruns").resolve().as_uri()
            return str(self._client.create_experiment(EXPERIMENT, artifact_location=place))
        except MlflowException:
            if known := self._client.get_experiment_by_name(EXPERIMENT):  # another run was quicker
                return str(known.experiment_id)
            raise


def _flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield _name(f"{before}{name}"), value


def _name(name: str) -> str:
    """MLflow takes letters, digits and some signs."""
    return "".join(sign if sign.isalnum() or sign in "_-. :/" else "_" for sign in name)
