"""Location: turns what the user named (file, glob, folder, address) into inputs that can be opened."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from tamis.core import UsageError


@dataclass(frozen=True, kw_only=True)
class Input:
    """One file to read, wherever it lies and however it is packed."""

    uri: str
    suffix: str
    """What it is by its name, without the packing: `.csv` for reviews.csv.gz."""
    bytes: int | None
    """Its packed size, for progress; None: not known."""
    path: Path | None
    """Where it lies, when it is a plain file of this machine that needs no unpacking."""
    open: Callable[[], BinaryIO]
    """Opens its unpacked bytes for one pass from the start; may be called again."""


def locate(source: str) -> list[Input]:
    """Return the inputs that `source` names, sorted by name."""
    path = Path(source).expanduser()
    if not path.is_file():
        raise UsageError(f"no such file: {source}")
    return [
        Input(
            uri=str(path),
            suffix=path.suffix.lower(),
            bytes=path.stat().st_size,
            path=path,
            open=lambda: path.open("rb"),
        )
    ]
