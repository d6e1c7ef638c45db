"""Fingerprints: the same content has the same name, whoever computes it and wherever."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

_BYTES = 16


def fingerprint(value: object) -> str:
    """Return 32 hex digits for a JSON-like value; the order of keys does not count.

    >>> fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    True
    """
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(canonical.encode("utf-8", "surrogatepass"), digest_size=_BYTES).hexdigest()


def fingerprint_file(path: Path) -> str:
    """Return the fingerprint of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=_BYTES)).hexdigest()


def fingerprint_files(root: Path, files: Iterable[Path]) -> str:
    """Return the fingerprint of files: of their names below `root` and their bytes."""
    return fingerprint([[file.relative_to(root).as_posix(), fingerprint_file(file)] for file in sorted(files)])
