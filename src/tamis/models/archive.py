"""Archive: a bundle as one `.tamis` file, a zip that is read with suspicion."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import stat
import tempfile
import zipfile
import zlib
from pathlib import Path
from struct import error as StructError  # noqa: N812 - it is an exception
from typing import TYPE_CHECKING

from tamis.core import DataError, UsageError, atomic_file, draft_folder, publish
from tamis.models.sealed import CARD, MANIFEST, MOST_FILES, MOST_MANIFEST_BYTES, check_names, read_manifest

if TYPE_CHECKING:
    from tamis.models.bundle import Bundle

SUFFIX = ".tamis"

_WORDS = {".json", ".md", ".txt", ".html", ".svg", ".csv", ".jsonl", ".yaml"}
_MOST_TIMES_LARGER = 60
"""JSON shrinks to a tenth or so, weights hardly at all; a bomb grows a thousandfold."""
_ALWAYS_ALLOWED = 16_000_000
_CHUNK = 1 << 20
_DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, StructError,
    ValueError, OverflowError, KeyError, IndexError, AttributeError, MemoryError,
)  # fmt: skip
"""All that Python's zipfile is known to raise on a file that is none, or a broken one."""


def pack_bundle(bundle: Bundle, path: Path) -> Path:
    """Write a bundle as one `.tamis` file, and return its path. The same bundle gives the same bytes.

    Weights are stored as they are, for they hardly shrink; words are compressed.
    """
    if path.suffix != SUFFIX:
        raise UsageError(f"a packed bundle is named …{SUFFIX}, not {path.name!r}")
    with atomic_file(path) as file, zipfile.ZipFile(file, "w") as archive:
        for name in bundle.contents:
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED if Path(name).suffix in _WORDS else zipfile.ZIP_STORED
            entry.file_size = (bundle.path / name).stat().st_size
            with (bundle.path / name).open("rb") as source, archive.open(entry, "w") as target:
                shutil.copyfileobj(source, target, _CHUNK)
    return path


def unpack(path: Path) -> Path:
    """Return the folder of a `.tamis` file's content, unpacked once into the user's cache.

    Nothing is written before all names, sizes and the manifest were looked at, and nothing outside of the folder. Who
    opens the folder verifies its files; a folder that was meddled with is unpacked anew.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    home = _cache()
    folder = home / digest[:32]
    if _is_sound(path, folder):
        return folder
    try:
        with zipfile.ZipFile(path) as archive:
            entries = _checked(archive, path)
            with draft_folder(home) as draft:
                for entry in entries:
                    _extract(archive, entry, draft / entry.filename)
                shutil.rmtree(folder, ignore_errors=True)
                with contextlib.suppress(FileExistsError):  # another process was first, with the same bytes
                    publish(draft, folder)
    except _DAMAGED as error:
        raise _unsound(path, error) from None
    except OSError as error:
        if error.errno == errno.EINVAL:  # a place before the beginning of the file
            raise _unsound(path, error) from None
        raise DataError(f"{path} cannot be unpacked into {home}: {error.strerror}") from None
    return folder


def _unsound(path: Path, error: Exception) -> DataError:
    return DataError(
        f"{path} is no sound bundle: {str(error)[:200] or type(error).__name__}",
        hint=f"a packed bundle is a {SUFFIX} file; get it again from where it came from",
    )


def _checked(archive: zipfile.ZipFile, path: Path) -> list[zipfile.ZipInfo]:
    """Return the entries of an archive, of which nothing can surprise any more."""
    entries = archive.infolist()
    if len(entries) > MOST_FILES:
        raise DataError(f"{path} holds {len(entries):,} files; a bundle has {MOST_FILES} at most")
    names = [entry.orig_filename for entry in entries]
    check_names(names, path)
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if entry.orig_filename != entry.filename or entry.is_dir() or kind not in (0, stat.S_IFREG):
            raise DataError(f"{path} holds {entry.orig_filename[:100]!r}, which is no plain file (a link, a folder)")
        if entry.flag_bits & 0x1:
            raise DataError(f"{path} is encrypted")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"{path} holds {twice[0]!r} more than once")
    size, declared = path.stat().st_size, sum(entry.file_size for entry in entries)
    if declared > size * _MOST_TIMES_LARGER + _ALWAYS_ALLOWED:
        raise DataError(f"{path} would grow from {size:,} to {declared:,} bytes: a zip bomb, not a bundle")
    if MANIFEST not in names:
        raise DataError(f"no {MANIFEST} in {path}: this is no bundle")
    entry = archive.getinfo(MANIFEST)
    with archive.open(entry) as file:
        content = file.read(MOST_MANIFEST_BYTES + 1)
    manifest = read_manifest(content, f"{MANIFEST} in {path}", size=max(len(content), entry.file_size))
    wrong = set(names) - {CARD} ^ {*manifest.files, MANIFEST}
    if wrong:
        shown = ", ".join(sorted(wrong)[:5])
        raise DataError(f"{path} does not hold exactly the files that were sealed: {shown}")
    return entries


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with archive.open(entry) as source, target.open("xb") as file:
        while chunk := source.read(_CHUNK):
            written += len(chunk)
            if written > entry.file_size:
                raise DataError(f"{entry.filename} in {archive.filename} is larger than it says: not a bundle")
            file.write(chunk)


def _is_sound(path: Path, folder: Path) -> bool:
    from tamis.models.bundle import open_bundle  # the two files know each other: a bundle is a folder or an archive

    try:
        open_bundle(folder)
    except DataError:
        return False
    return True


def _cache() -> Path:
    """The user's cache, or a folder of this process where there is none to write to. May be deleted at any time."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tamis" / "bundles"
    try:
        home.mkdir(parents=True, exist_ok=True)
        if os.access(home, os.W_OK):
            return home
    except OSError:
        pass
    return Path(tempfile.mkdtemp(prefix="tamis-bundle-"))
