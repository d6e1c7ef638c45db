"""Bundle: a trained model in a folder, or in one `.tamis` file, verified before anything of it is believed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from tamis.core import DataError, write_atomic
from tamis.features import Cleaner, Tokenizer, load_tokenizer
from tamis.models.manifest import BundleManifest
from tamis.tasks import Task

MANIFEST = "tamis.json"


@dataclass(frozen=True)
class Bundle:
    """A trained model on disk: its folder, and what `tamis.json` says of it."""

    path: Path
    manifest: BundleManifest

    @property
    def name(self) -> str:
        """What predictions call the model."""
        return self.manifest.name

    @cached_property
    def task(self) -> Task:
        """The task with the label set in its saved order."""
        return self.manifest.task.task()

    @cached_property
    def cleaner(self) -> Cleaner:
        """What cleans every text before the model reads it."""
        return Cleaner.from_spec(self.manifest.cleaning)

    @cached_property
    def tokenizer(self) -> Tokenizer:
        """The model's own tokenizer; linear models have none."""
        return load_tokenizer(self.path)


def seal_bundle(folder: Path, manifest: BundleManifest) -> Bundle:
    """Write `tamis.json` with the hash of every file in `folder`, and return the bundle.

    Call it again after a file was added: the manifest is replaced in one step.
    """
    files = {
        str(file.relative_to(folder)): _sha256(file)
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != MANIFEST
    }
    sealed = manifest.model_copy(update={"files": files})
    write_atomic(folder / MANIFEST, sealed.model_dump_json(indent=2) + "\n")
    return Bundle(folder, sealed)


def open_bundle(path: Path) -> Bundle:
    """Return the bundle in a folder after verifying that every file is the one that was sealed."""
    try:
        manifest = BundleManifest.model_validate_json((path / MANIFEST).read_bytes())
    except FileNotFoundError:
        raise DataError(f"no {MANIFEST} in {path}: this is no bundle") from None
    except ValidationError as error:
        raise DataError(f"{path / MANIFEST} is damaged: {error}") from None
    for name, expected in manifest.files.items():
        if not (path / name).is_file() or _sha256(path / name) != expected:
            raise DataError(f"{name} of the bundle {path} is not the file that was sealed")
    return Bundle(path, manifest)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
