"""The seal: `tamis.json` as bytes, read so that nothing in it is believed before it was looked at."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json

from tamis.core import DataError
from tamis.models.manifest import FORMAT, BundleManifest

MANIFEST = "tamis.json"
CARD = "README.md"

MOST_MANIFEST_BYTES = 64_000_000
"""Far above any real one (embeddings of known texts are in it), far below what hurts."""
MOST_FILES = 1000

_CODE = {
    *(".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".exe", ".sh", ".bat", ".cmd", ".ps1", ".js", ".jar", ".class"),
    *(".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".bin", ".pt", ".pth", ".ckpt", ".h5", ".keras"),
}
"""What runs, or may run when it is loaded: no bundle holds such files."""


def with_seal(manifest: BundleManifest) -> tuple[BundleManifest, str]:
    """Return a manifest with the hash of all it says, and the JSON to write."""
    bare: dict[str, Any] = json.loads(manifest.model_copy(update={"seal": ""}).model_dump_json())
    bare["seal"] = _seal(bare)
    content = json.dumps(bare, indent=2, ensure_ascii=False) + "\n"
    return BundleManifest.model_validate_json(content), content


def read_manifest(content: bytes, where: Path | str, *, size: int) -> BundleManifest:
    """Return what a `tamis.json` says; `where` is how messages call it."""
    if size > MOST_MANIFEST_BYTES:
        raise DataError(f"{where} has {size:,} bytes; a manifest has {MOST_MANIFEST_BYTES:,} at most")
    try:
        said = from_json(content)
    except ValueError as error:
        raise DataError(f"{where} is damaged: it is no JSON: {error}") from None
    if not isinstance(said, dict):
        raise DataError(f"{where} is damaged: it is no JSON object")
    if said.get("format") != FORMAT:
        raise DataError(
            f"{where} has format {str(said.get('format'))[:40]}; this Tamis reads format {FORMAT}",
            hint="a newer Tamis made it: pip install --upgrade tamis",
        )
    try:
        manifest = BundleManifest.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise DataError(f"{where} is damaged: {place or 'the whole'}: {first['msg']}") from None
    if manifest.seal and manifest.seal != _seal(said):
        raise DataError(
            f"{where} is damaged: it does not say any more what was sealed",
            hint="take the bundle from where it came from again, or train it anew",
        )
    check_names([*manifest.files, manifest.engine.file], where)
    return manifest


def check_names(names: Iterable[str], where: Path | str) -> None:
    """Refuse files that no bundle may hold: outside of it, of two meanings, executable, or pickled."""
    seen: dict[str, str] = {}
    for number, name in enumerate(names):
        if number > MOST_FILES:
            raise DataError(f"{where} names more than {MOST_FILES} files")
        parts = name.split("/")
        odd = not name.isprintable() or "\\" in name or ":" in name or len(name) > 200 or len(name.encode()) > 240
        if odd or any(part in ("", ".", "..") or part != part.strip() for part in parts):
            raise DataError(f"{where} names a file that may lie outside of the bundle: {name[:100]!r}")
        if PurePosixPath(name).suffix.lower() in _CODE:
            raise DataError(f"{where} names a file that runs or may run when it is loaded: {name!r}")
        if seen.setdefault(name.casefold(), name) != name:
            raise DataError(f"{where} names {name!r} and {seen[name.casefold()]!r}, one file on some systems")


def _seal(said: dict[str, Any]) -> str:
    """The hash of a manifest's JSON, however it is written, without the hash itself."""
    bare = {key: value for key, value in said.items() if key != "seal"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
