"""Archive: the files inside a .zip, read without unpacking it to disk."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

from tamis.core import DataError
from tamis.data.sources.compression import Stream, unpacked

_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Member:
    """One file inside an archive."""

    name: str
    bytes: int
    """Its unpacked size."""
    open: Callable[[], Stream]


def members(path: Path, *, uri: str) -> list[Member]:
    """Return the files in a zip archive by name, without folders and hidden files."""
    try:
        with zipfile.ZipFile(path) as archive:
            inside = [info for info in archive.infolist() if not info.is_dir() and not hidden(info.filename)]
    except zipfile.BadZipFile as error:
        raise DataError(
            f"{uri} is cut off or damaged: {str(error)[0].lower()}{str(error)[1:]}", hint="download or copy it again"
        ) from None
    if not inside:
        raise DataError(f"{uri} holds no files")
    locked = [info.filename for info in inside if info.flag_bits & _ENCRYPTED]
    if locked:
        raise DataError(
            f"{uri} is encrypted ({locked[0]})", hint="unpack it with its password first, as in: unzip -P PASSWORD …"
        )
    return [
        Member(info.filename, info.file_size, partial(_open, path, info.filename, f"{uri}/{info.filename}"))
        for info in sorted(inside, key=lambda info: info.filename)
    ]


def hidden(name: str) -> bool:
    """Whether a file is none of the user's making: `.DS_Store`, `__MACOSX/…`, anything in a hidden folder.

    >>> hidden("data/.cache/a.csv"), hidden("data/a.csv")
    (True, False)
    """
    return any(part == "__MACOSX" or (part.startswith(".") and part != "..") for part in PurePosixPath(name).parts)


def _open(path: Path, name: str, uri: str) -> Stream:
    with ExitStack() as stack:
        archive = stack.enter_context(zipfile.ZipFile(path))
        try:
            file = archive.open(name)
        except NotImplementedError as error:
            raise DataError(f"{uri} cannot be unpacked: {error}", hint="unpack it with another program") from None
        return unpacked(file, name=uri, owner=stack.pop_all())
    raise AssertionError("the block returns or raises")
