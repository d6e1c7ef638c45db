"""LocalStore: the Store port on this machine's files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote, urlsplit

from tamis.core import StoredFile, atomic_file


class LocalStore:
    """Files named by `file:///…` or by a plain path."""

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Yield the file at `uri`, or every file below the folder, sorted."""
        path = _path(uri)
        found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        for file in found:
            facts = file.stat()
            yield StoredFile(uri=file.absolute().as_uri(), bytes=facts.st_size, mark=str(facts.st_mtime_ns))

    def read(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for reading."""
        return _path(uri).open("rb")

    def write(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """Open a file that appears whole when the block ends well."""
        return atomic_file(_path(uri))

    def delete(self, uri: str) -> None:
        """Remove a file if it is there."""
        _path(uri).unlink(missing_ok=True)


def _path(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path)) if uri.startswith("file:") else Path(uri)
