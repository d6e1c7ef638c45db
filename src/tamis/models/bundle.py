"""Bundle: a trained model in a folder, or in one `.tamis` file, verified before anything of it is believed."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

from tamis.core import DataError, write_atomic
from tamis.features import Cleaner, Tokenizer, load_tokenizer
from tamis.models.archive import unpack
from tamis.models.manifest import BundleManifest
from tamis.models.sealed import CARD, MANIFEST, check_names, read_manifest, with_seal
from tamis.tasks import Task


@dataclass(frozen=True)
class Bundle:
    """A trained model on disk: its folder, and what `tamis.json` says of it."""

    path: Path
    manifest: BundleManifest

    @property
    def name(self) -> str:
        """What predictions call the model."""
        return self.manifest.name

    @property
    def contents(self) -> tuple[str, ...]:
        """The names of its files: the manifest, all that were sealed, and the model card where there is one."""
        card = (CARD,) if (self.path / CARD).is_file() else ()
        return (MANIFEST, *sorted(self.manifest.files), *card)

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

    Call it again after a file was added: the manifest is replaced in one step. The model card has no hash: people
    write in it. What the decider has beside its JSON is written first.
    """
    manifest.decider.save(folder)
    files = {file: _sha256(folder / file) for file in _files(folder) if file not in (MANIFEST, CARD)}
    check_names(files, folder)
    sealed, content = with_seal(manifest.model_copy(update={"files": files}))
    write_atomic(folder / MANIFEST, content)
    return Bundle(folder, sealed)


def add_to_bundle(bundle: Bundle, name: str, content: str) -> Bundle:
    """Return the bundle with one more file, or a newer one of that name; a kill at any moment leaves a sound bundle.

    The file waits under a hidden name until the manifest has its hash; whoever opens the bundle next puts it in place.
    """
    waiting = _waiting(bundle.path, name)
    write_atomic(waiting, content)
    files = {**bundle.manifest.files, name: _sha256(waiting)}
    check_names(files, bundle.path)
    sealed, manifest = with_seal(bundle.manifest.model_copy(update={"files": files}))
    write_atomic(bundle.path / MANIFEST, manifest)
    waiting.replace(bundle.path / name)
    return Bundle(bundle.path, sealed)


def open_bundle(path: Path) -> Bundle:
    """Return the bundle of a folder or of a `.tamis` file, after verifying that every file is the one that was sealed.

    A `.tamis` file is unpacked once, into the user's cache. Files that were not sealed are refused, whatever they are,
    but for the model card and hidden ones.
    """
    folder = unpack(path) if path.is_file() else path
    try:
        size = (folder / MANIFEST).stat().st_size
        manifest = read_manifest((folder / MANIFEST).read_bytes(), folder / MANIFEST, size=size)
    except (FileNotFoundError, NotADirectoryError):
        raise DataError(
            f"no {MANIFEST} in {path}: this is no bundle",
            hint="a bundle is what tamis train makes: a folder with tamis.json, or one .tamis file",
        ) from None
    with ThreadPoolExecutor(thread_name_prefix="tamis-hash") as pool:
        sealed = pool.map(partial(_is_sealed, folder), manifest.files, manifest.files.values())
        for name, as_sealed in zip(manifest.files, sealed, strict=True):
            if not as_sealed:
                raise DataError(
                    f"{name} of the bundle {path} is not the file that was sealed",
                    hint="take the bundle from where it came from again, or train it anew",
                )
    strangers = [name for name in _files(folder) if name not in (*manifest.files, MANIFEST, CARD)]
    if strangers:
        shown = ", ".join(strangers[:5]) + (", …" if len(strangers) > 5 else "")
        raise DataError(f"the bundle {path} holds files that were not sealed: {shown}", hint="take them out of it")
    return Bundle(folder, manifest.model_copy(update={"decider": manifest.decider.load(folder)}))


def _is_sealed(folder: Path, name: str, expected: str) -> bool:
    """Whether a file is the one that was sealed."""
    if _waiting(folder, name).is_file() and _sha256(_waiting(folder, name)) == expected:
        _waiting(folder, name).replace(folder / name)  # a kill came between the two steps of add_to_bundle
    return (folder / name).is_file() and _sha256(folder / name) == expected


def _waiting(folder: Path, name: str) -> Path:
    return folder / f".{name.replace('/', '-')}.waiting"


def _files(folder: Path) -> list[str]:
    """The files of a folder, but for what hides (.git, .DS_Store)."""
    paths = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file())
    return [path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
