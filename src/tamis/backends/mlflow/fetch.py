"""Fetch: a model of MLflow becomes a bundle. Its files are looked at and copied: no pickle is opened, no code run."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from tamis.backends.mlflow.quiet import quiet
from tamis.core import DataError, MissingExtra, TamisError, UsageError
from tamis.models import MANIFEST, adopt_transformers, open_bundle

_DESCRIPTION = "MLmodel"
_KNOWN = "a text classifier that was logged by Tamis, or with mlflow.transformers as a text-classification pipeline"
_PICKLES = {"sklearn": "a pickle", "pytorch": "a pickle", "python_function": "a pickle or code of its own"}


def fetch_model(address: str, into: Path, *, state: Path) -> tuple[Path, str]:
    """Return the folder of a bundle below `into`, and the name that MLflow has for the model.

    Addresses are MLflow's (`models:/name/3`, `models:/name@alias`, `runs:/id/model`, `s3://…`) or a local folder with
    an `MLmodel`. They are looked up where MLFLOW_TRACKING_URI says, else in the workspace's own database.
    """
    folder = Path(address) if (Path(address) / _DESCRIPTION).is_file() else _download(address, into / "mlflow", state)
    said = _said(folder)
    flavors = _mapping(said.get("flavors"))
    name = _name(address)
    python: dict[str, Any] = flavors.get("python_function") or {}
    bundle = ((python.get("artifacts") or {}).get("bundle") or {}).get("path")
    if isinstance(bundle, str) and (place := _inside(folder, bundle)) is not None and (place / MANIFEST).is_file():
        return open_bundle(place).path, name
    if "transformers" in flavors:
        created = _time(said.get("utc_time_created"))
        return _adopted(flavors["transformers"], folder, into / "bundle", name, address, created=created), name
    found = ", ".join(sorted(flavors)) or "no flavour"
    kept = next((f": {each} keeps a model as {how}" for each, how in _PICKLES.items() if each in flavors), "")
    raise UsageError(
        f"{address} is a model of {found}{kept}. What would run when it is opened is never opened here",
        hint=f"what can be taken is {_KNOWN}",
    )


def _adopted(flavor: Any, folder: Path, into: Path, name: str, address: str, *, created: datetime | None) -> Path:
    said = _mapping(flavor)
    if said.get("task") != "text-classification":
        raise UsageError(f"{address} is a pipeline for {said.get('task')!r}, not for text-classification")
    if said.get("code"):
        raise UsageError(f"{address} brings code of its own ({said['code']}), and Tamis runs none")
    model = _inside(folder, str(said.get("model_binary") or ""))
    if model is None or not model.is_dir():
        raise UsageError(
            f"{address} does not hold the model itself, only the name {said.get('source_model_name')!r}",
            hint="log it with its weights: mlflow.transformers.log_model(…, save_pretrained=True)",
        )
    if said.get("peft_adaptor"):
        raise UsageError(
            f"{address} is an adapter (PEFT), not a whole model", hint="merge it: model.merge_and_unload()"
        )
    tokenizer = folder / "components" / "tokenizer"
    return adopt_transformers(
        model,
        into,
        tokenizer=tokenizer if tokenizer.is_dir() else None,
        name=name,
        origin=f"mlflow:{address}",
        created=created,
    ).path


def _download(address: str, into: Path, state: Path) -> Path:
    if not re.match(r"[a-z0-9+]+:", address):
        raise UsageError(f"no {_DESCRIPTION} in {address}: this is no model of MLflow", hint="models:/name/3 is one")
    try:
        import mlflow
    except ModuleNotFoundError:
        raise MissingExtra("asking MLflow for a model", extra="track") from None

    from tamis.backends.mlflow import hush
    from tamis.backends.mlflow.database import database

    hush()
    into.mkdir(parents=True)
    try:
        with quiet():
            place = os.environ.get("MLFLOW_TRACKING_URI") or database(state)
            registry = os.environ.get("MLFLOW_REGISTRY_URI") or place
            files = _files_of(address, mlflow.MlflowClient(tracking_uri=place, registry_uri=registry))
            folder = Path(mlflow.artifacts.download_artifacts(files, dst_path=str(into), tracking_uri=place))
    except Exception as error:  # MLflow's own, those of its stores, and of whatever they stand on
        if isinstance(error, TamisError):
            raise
        said = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DataError(f"MLflow does not hand over {address}: {said}") from None
    if not (folder / _DESCRIPTION).is_file():
        raise UsageError(f"no {_DESCRIPTION} in {address}: this is no model of MLflow", hint="models:/name/3 is one")
    return folder


def _files_of(address: str, client: Any) -> str:
    """Return where a model's files are; MLflow itself would look names up in another place than it was told."""
    if not address.startswith("models:/"):
        return address
    found = re.fullmatch(r"models:/+([^/@]+)([/@]?)(.*)", address)
    name, sign, which = found.groups() if found else ("NAME", "", "")
    if not sign and re.fullmatch(r"m-[0-9a-f]+", name):
        return str(client.get_logged_model(name).artifact_location)
    if sign == "@":
        which = client.get_model_version_by_alias(name, which).version
    elif not which.isdecimal():
        raise UsageError(f"{address} names no version", hint=f"models:/{name}/3, or models:/{name}@alias")
    return str(client.get_model_version_download_uri(name, which))


def _said(folder: Path) -> dict[str, Any]:
    """Return what MLflow's description of a model says."""
    try:
        return _mapping(yaml.safe_load((folder / _DESCRIPTION).read_bytes()))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{folder / _DESCRIPTION} is damaged: {str(error).splitlines()[0]}") from None


def _mapping(value: Any) -> dict[str, Any]:
    return {str(name): each for name, each in value.items()} if isinstance(value, dict) else {}


def _time(said: Any) -> datetime | None:
    """Return when a model was logged, where its description says so."""
    try:
        return datetime.fromisoformat(str(said)).replace(tzinfo=UTC)
    except ValueError:
        return None


def _inside(folder: Path, name: str) -> Path | None:
    """Return a place in the model's folder; None for one that is said to be elsewhere."""
    place = (folder / name).resolve()
    return place if name and place.is_relative_to(folder.resolve()) else None


def _name(address: str) -> str:
    """Return what a model is called: `models:/docs/3` and `models:/docs@best` are docs, else the last part."""
    found = re.match(r"models:/+([^/@]+)", address)
    last = found[1] if found else [part for part in re.split(r"[/:]", address) if part][-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", last).strip("-._") or "model"
