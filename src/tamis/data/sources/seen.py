"""Seen: what lies at a source right now, told without reading it as data, so that others know whether it changed."""

from __future__ import annotations

import glob
import os
import platform
import re
import urllib.parse
from pathlib import Path

from tamis.core import fingerprint, fingerprint_files
from tamis.data.sources.docstrings import DocstringSource
from tamis.data.sources.location import matching

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]+):", re.IGNORECASE)


def source_place(source: str, folder: Path) -> str:
    """Return a source whose path, where it is a relative one, begins at a folder.

    >>> source_place("reviews.csv", Path("/data")), source_place("demo:docstrings", Path("/data"))
    ('/data/reviews.csv', 'demo:docstrings')
    """
    return source if _SCHEME.match(source) else str(folder / Path(source).expanduser())


def source_fingerprint(source: str) -> str | None:
    """Return the fingerprint of the files that a source names; None where only reading it would tell.

    Files, folders and globs of this machine are told by their bytes. Of an address or a database nothing is known
    before it is read.
    """
    scheme = _SCHEME.match(source)
    if source == DocstringSource.uri:
        return fingerprint([source, platform.python_implementation(), platform.python_version()])
    if scheme is not None and scheme[1].lower() != "file":
        return None
    path = Path(urllib.parse.unquote(urllib.parse.urlsplit(source).path) if scheme else source).expanduser()
    if path.is_dir():
        files = [file for file in sorted(path.rglob("*")) if file.is_file()]
    elif path.exists():
        files = [path]
    else:
        files = [file for file in matching(path) if file.is_file()] if glob.has_magic(str(path)) else []
    if not files:
        return None
    root = Path(os.path.commonpath([file.parent for file in files]))  # where all of them lie does not count
    return fingerprint_files(root, files)
