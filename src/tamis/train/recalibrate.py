"""recalibrate: a run's decisions fitted anew by other settings, on the weights that are there."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from tamis.core import UsageError, Workspace, draft_folder
from tamis.data import open_dataset
from tamis.decide import UNKNOWN_FILE, DecideSettings, check_goal
from tamis.models import Bundle, BundleManifest, EngineChoice
from tamis.train.assemble import finish_bundle
from tamis.train.begin import finished_run, new_run
from tamis.train.candidate import judge
from tamis.train.config import TrainSettings
from tamis.train.families import FAMILIES
from tamis.train.family import Fitted
from tamis.train.lock import hold
from tamis.train.material import Material, read_material
from tamis.train.origin import code_fingerprint, environment, run_fingerprint
from tamis.train.record import BUNDLE, Run, save_run
from tamis.train.run import manifest_of

_WEIGHTS = "model.safetensors"
_CAME_LATER = frozenset({"evaluation.json", "parity.json", "model.onnx", "model.int8.onnx", UNKNOWN_FILE})
"""What a bundle gets after its training: reports, other forms, and what the decider had."""


def recalibrate(workspace: Workspace, run: Run, settings: DecideSettings | None = None) -> Run:
    """Return the run that training with these `decide` settings would have made, without training.

    Decisions are fitted after training and have no say in it, so the weights are the run's, and the new run's
    fingerprint is the one that such a training would have. The run itself stays; where its settings are these, it is
    what is returned.
    """
    settings = settings or workspace.config.of(DecideSettings)
    told = {"train": run.settings["train"], "decide": settings.model_dump(mode="json")}
    if told == run.settings:
        return run
    if (run.code, run.environment) != (code_fingerprint(), dict(environment())):
        raise UsageError(
            f"{run.name} was trained by other code or libraries, so its decisions are not fitted anew",
            hint=f"train it again: tamis train {run.dataset} --family {run.family}",
        )
    trained = TrainSettings.model_validate(run.settings["train"])
    family, dataset = FAMILIES[run.family], open_dataset(workspace, run.dataset)
    print_ = run_fingerprint(dataset=run.dataset_fingerprint, settings=told, starts_from=family.starts_from(trained))
    if same := finished_run(workspace, print_, None):
        return same
    material = read_material(dataset, parents=trained.parents)
    check_goal(material.task, settings)
    fresh = new_run(workspace, dataset, material, print_, told, None)
    with hold(fresh.path):
        try:
            save_run(fresh)
            return save_run(_refitted(fresh, run, material, settings, manifest_of(fresh, dataset, material)))
        except BaseException as error:
            save_run(fresh.model_copy(update={"status": "failed", "error": f"{type(error).__name__}: {error}"}))
            raise


def _refitted(fresh: Run, run: Run, material: Material, settings: DecideSettings, manifest: BundleManifest) -> Run:
    """Publish the weights of `run` with other decisions as the bundle of the fresh run, and return its record."""
    with draft_folder(fresh.path) as draft:
        for name in run.bundle.manifest.files.keys() - _CAME_LATER:
            (draft / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run.bundle.path / name, draft / name)
        best = judge(draft, manifest, _fitted(run.bundle, run.notes), material.validation)
        finish_bundle(best, material, settings, into=fresh.path / BUNDLE)
    kept = {name: getattr(run, name) for name in ("seconds", "epochs", "seeds", "spread", "warnings")}
    notes = {**run.notes, "weights_of": run.name}
    ended = {"status": "finished", "finished": datetime.now(UTC), "validation": best.validation, "notes": notes}
    return fresh.model_copy(update={**kept, **ended})


def _fitted(bundle: Bundle, notes: Mapping[str, Any]) -> Fitted:
    """What the family said of these weights, whatever engine was chosen for them since."""
    engine = EngineChoice(name="linear" if bundle.manifest.family == "linear" else "torch", file=_WEIGHTS)
    return Fitted(engine=engine, long_text=bundle.manifest.long_text, notes=notes)
