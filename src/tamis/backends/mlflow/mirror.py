"""MLflowMirror: the registry's models, versions and aliases in the workspace's MLflow database, with their numbers."""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from sqlite3 import DatabaseError
from typing import Any

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from sqlalchemy.exc import SQLAlchemyError

from tamis.backends.mlflow import hush
from tamis.backends.mlflow.database import database
from tamis.backends.mlflow.quiet import quiet
from tamis.backends.mlflow.saved import save_model
from tamis.backends.mlflow.tracker import EXPERIMENT
from tamis.core import DataError, ShownModel, ShownVersion, draft_folder, publish
from tamis.models import CARD, open_bundle

log = logging.getLogger(__name__)

_OURS = "tamis."
_MARK, _MADE_BY = "tamis.mirror", "written by Tamis: what is changed here is changed back"
_SEAL = "tamis.seal"
_ALIAS = re.compile(r"[\w-]+")
_MOST_CHARACTERS = 4900  # MLflow takes 5000


class _NotOurNumbers(Exception):
    """What MLflow holds under a number is not what the registry has there."""

    def __str__(self) -> str:
        return "somebody else adds versions to it at the same time"


class MLflowMirror:
    """Writes into `.tamis/mlflow.db`; the models' files lie below `.tamis/mlruns/registry`, one folder a bundle."""

    def __init__(self, state: Path) -> None:
        hush()
        self._state = state
        self._files = state / "mlruns" / "registry"

    def show(self, models: Sequence[ShownModel]) -> None:
        """Write what is not there or is different; nothing where all is as it should be."""
        try:
            with quiet(), _alone(self._state):
                address = database(self._state)
                self._client = mlflow.MlflowClient(tracking_uri=address, registry_uri=address)
                refused = [error for model in models if (error := self._show(model)) is not None]
                self._forget_files({each.seal for model in models for each in model.versions if each.bundle})
        except (MlflowException, SQLAlchemyError, DatabaseError, OSError, _NotOurNumbers) as error:
            said = str(error).strip().splitlines()
            raise DataError(
                f"MLflow's database {self._state / 'mlflow.db'} does not show the registry as it is: "
                f"{said[0] if said else type(error).__name__}"
            ) from error
        if refused:
            raise refused[0]

    def _show(self, model: ShownModel) -> DataError | None:
        """Show a model; what is returned says why that is not to be, which is no matter to the others."""
        there = self._registered(model.name)
        if there is not None and _MARK not in there.tags:
            return DataError(
                f"MLflow has a model {model.name!r} that Tamis did not make, so the one of the registry is not shown",
                hint=f"give it another name there: MlflowClient().rename_registered_model({model.name!r}, …)",
            )
        if there is None:
            self._client.create_registered_model(model.name, tags={_MARK: _MADE_BY})
        try:
            self._show_versions(model)
        except _NotOurNumbers:  # somebody deleted versions there, or the workspace moved: MLflow never reuses a number
            self._client.delete_registered_model(model.name)
            self._client.create_registered_model(model.name, tags={_MARK: _MADE_BY})
            self._show_versions(model)
        self._show_aliases(model)
        return None

    def _show_versions(self, model: ShownModel) -> None:
        there = {int(each.version): each for each in self._all_versions(model.name)}
        if not there.keys() <= {each.number for each in model.versions}:
            raise _NotOurNumbers
        for version in model.versions:
            files, tags = self._keep_files(version), _cut({**version.tags, _SEAL: version.seal})
            found = there.get(version.number)
            if found is None:
                made = self._client.create_model_version(
                    model.name,
                    files.resolve().as_uri(),
                    run_id=self._run_of(version.run),
                    tags=tags,
                    description=version.description[:_MOST_CHARACTERS],
                )
                if int(made.version) != version.number:
                    raise _NotOurNumbers
                continue
            if found.tags.get(_SEAL) != version.seal or found.source != files.resolve().as_uri():
                raise _NotOurNumbers
            if found.description != version.description[:_MOST_CHARACTERS]:
                self._client.update_model_version(model.name, found.version, version.description[:_MOST_CHARACTERS])
            self._show_tags(found.tags, tags, _Of(self._client, model.name, found.version))

    def _show_aliases(self, model: ShownModel) -> None:
        there = self._client.get_registered_model(model.name)
        for alias, number in model.aliases.items():
            if not _ALIAS.fullmatch(alias):
                log.warning("MLflow knows no such alias as %r: %s is not shown there", alias, f"{model.name}@{alias}")
            elif str(there.aliases.get(alias)) != str(number):
                self._client.set_registered_model_alias(model.name, alias, str(number))
        for alias in there.aliases.keys() - model.aliases.keys():
            self._client.delete_registered_model_alias(model.name, alias)
        self._show_tags(there.tags, _cut({**model.tags, _MARK: _MADE_BY}), _Of(self._client, model.name))

    def _show_tags(self, there: Mapping[str, str], wanted: Mapping[str, str], of: _Of) -> None:
        for name, value in wanted.items():
            if there.get(name) != value:
                of.set(name, value)
        for name in there.keys() - wanted.keys():
            if name.startswith(_OURS):
                of.delete(name)

    def _keep_files(self, version: ShownVersion) -> Path:
        """Return where a version's model is, as MLflow loads it; it is made from the bundle, once."""
        target = self._files / version.seal[:16]
        if version.bundle is not None and not target.exists():
            try:
                bundle = open_bundle(version.bundle)
            except DataError as error:
                log.warning("MLflow shows version %s without its files: %s", version.number, error)
                return target
            with draft_folder(self._files) as draft:
                save_model(bundle.path, draft / "model")
                _link(draft / "model" / "artifacts" / bundle.path.name, bundle.path, bundle.contents)
                publish(draft / "model", target)
        return target

    def _forget_files(self, seals: set[str]) -> None:
        """Remove the files of bundles that no version has any more."""
        kept = {seal[:16] for seal in seals}
        for folder in self._files.iterdir() if self._files.is_dir() else ():
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _registered(self, name: str) -> Any:
        try:
            return self._client.get_registered_model(name)
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                return None
            raise

    def _all_versions(self, name: str) -> Iterator[ModelVersion]:
        token: str | None = None
        while token != "":
            page = self._client.search_model_versions(f"name='{name}'", max_results=1000, page_token=token)
            yield from page
            token = page.token or ""

    def _run_of(self, name: str) -> str | None:
        """Return MLflow's id of the run of that name, where the training was tracked there."""
        experiment = self._client.get_experiment_by_name(EXPERIMENT)
        if experiment is None or "'" in name:
            return None
        found = self._client.search_runs([experiment.experiment_id], f"attributes.run_name = '{name}'", max_results=1)
        return str(found[0].info.run_id) if found else None


class _Of:
    """The tags of one thing: of a version, or of a whole model."""

    def __init__(self, client: Any, name: str, version: str | None = None) -> None:
        place = (name,) if version is None else (name, version)
        what = "registered_model" if version is None else "model_version"
        set_tag: Callable[..., None] = getattr(client, f"set_{what}_tag")
        delete_tag: Callable[..., None] = getattr(client, f"delete_{what}_tag")
        self.set: Callable[[str, str], None] = lambda key, value: set_tag(*place, key, value)
        self.delete: Callable[[str], None] = lambda key: delete_tag(*place, key)


def _cut(tags: Mapping[str, str]) -> dict[str, str]:
    return {name: value[:_MOST_CHARACTERS] for name, value in tags.items() if value}


def _link(folder: Path, bundle: Path, names: Sequence[str]) -> None:
    """Put links in the place of copies: sealed files are never written to, so one of each is enough."""
    for name in names:
        if name != CARD:
            spare = folder / f".{Path(name).name}.link"
            with contextlib.suppress(OSError):  # another disk: the copy stays
                os.link(bundle / name, spare)
                spare.replace(folder / name)


@contextlib.contextmanager
def _alone(state: Path) -> Iterator[None]:
    """Wait until nobody else mirrors into this workspace: MLflow would give one version two numbers."""
    state.mkdir(parents=True, exist_ok=True)
    with (state / "mlflow.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
