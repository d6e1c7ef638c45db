"""Shard: some rows of one file, and what is known of it once they are predicted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from tamis.core import fingerprint
from tamis.data import Reject
from tamis.predict.window import Window

Key = tuple[str, int]
"""A file, and the number of the shard in it."""

_NAME_LETTERS = 80


@dataclass(frozen=True, kw_only=True)
class Shard:
    """Some rows of a file, in order."""

    uri: str
    number: int
    source_bytes: int | None
    """The size of the whole file."""
    first_row: int
    """Counted among the rows of the file that can be read; the first is 1."""
    window: Window

    @property
    def key(self) -> Key:
        """What names it."""
        return self.uri, self.number

    @property
    def name(self) -> str:
        """What its predictions are called: the file's name, and what tells it from others of that name.

        >>> Shard(uri="in/a b.csv", number=3, source_bytes=9, first_row=31, window=Window([], [], None, (), 0.0)).name
        'a_b.csv-0e3bd8f7-00003.parquet'
        """
        stem = re.sub(r"[^A-Za-z0-9_.=-]", "_", PurePosixPath(self.uri).name)[-_NAME_LETTERS:]
        return f"{stem}-{fingerprint(self.uri)[:8]}-{self.number:05d}.parquet"

    @cached_property
    def digest(self) -> str:
        """The hash of its rows."""
        return self.window.digest.hex()


@dataclass(frozen=True, kw_only=True)
class DoneShard:
    """A shard whose predictions are in the target."""

    name: str
    uri: str
    number: int
    source_bytes: int | None
    first_row: int
    rows: int
    digest: str
    """Of the rows that were predicted."""
    reasons: Mapping[str, int]
    """How many rows were decided (confident), and how many not, for which reason."""
    rejects: tuple[Reject, ...]
    bytes: int
    """The size of the file of predictions."""
    sha256: str
    """The hash of that file."""

    @property
    def key(self) -> Key:
        """What names it."""
        return self.uri, self.number

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        return asdict(self) | {"rejects": [asdict(reject) for reject in self.rejects]}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> DoneShard:
        """Return what `to_dict` told."""
        return cls(**{**values, "rejects": tuple(Reject(**reject) for reject in values["rejects"])})
