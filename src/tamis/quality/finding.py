"""Finding: one thing a check has to say, with the rows it is about and the fix that would mend it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tamis.quality.config import Severity

if TYPE_CHECKING:
    import polars as pl

Rows = NDArray[np.int64]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")

NO_ROWS: Rows = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Fix:
    """What `--apply` would do about a finding: rewrite texts, rename labels, or drop rows.

    Texts are rewritten first, then labels renamed, then rows dropped, so each looks at what the one before has left.
    """

    name: str
    """What the user calls it by: `--apply html`."""
    what: str
    """The promise in plain words: `drop the 33 later copies`."""
    rewrite: Callable[[pl.Series], pl.Series] | None = None
    """Texts in, mended texts out, in the same order. It leaves a text without the fault as it is."""
    rename: Mapping[str, str] = field(default_factory=dict)
    """Labels by their new names."""
    drop: Rows = field(default_factory=lambda: NO_ROWS)
    """Numbers of the rows to drop."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong, or worth knowing, about a dataset."""

    kind: str
    """The check and what it found: `lengths.empty`, `leakage`. Settings address it by this name."""
    severity: Severity
    title: str
    """What is the matter, with its number: `33 texts are repeated`."""
    explanation: str
    """One line that says why this matters and what to do."""
    rows: Rows = field(default_factory=lambda: NO_ROWS)
    """The rows it is about, numbered from 1, in order; empty when it is about the whole dataset."""
    ids: tuple[str, ...] = ()
    """The ids of these rows; the doctor fills them in."""
    share: float | None = None
    """The rows' part of all rows that were looked at."""
    samples: tuple[str, ...] = ()
    """A few cases as they stand; personal data is masked."""
    fix: Fix | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    """Numbers for machines."""

    @property
    def check(self) -> str:
        """The name of the check that found it."""
        return self.kind.partition(".")[0]

    @property
    def count(self) -> int:
        """How many rows it is about."""
        return len(self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Return what the JSON report says, with all rows."""
        return {
            "check": self.check,
            "kind": self.kind,
            "severity": self.severity,
            "title": self.title,
            "explanation": self.explanation,
            "count": self.count,
            "share": self.share,
            "rows": self.rows.tolist(),
            "ids": list(self.ids),
            "samples": list(self.samples),
            "fix": {"name": self.fix.name, "what": self.fix.what} if self.fix else None,
            "details": dict(self.details),
        }


def as_rows(numbers: Any) -> Rows:
    """Return row numbers in order, each once."""
    return np.unique(np.asarray(numbers, dtype=np.int64))


def shown(text: str, *, width: int = 140) -> str:
    """Return a text on one line, cut at `width` characters.

    >>> shown("two\\nlines and more", width=12)
    'two⏎lines a…'
    """
    line = "".join("⏎" if c == "\n" else c if c.isprintable() else "·" for c in text.replace("\r\n", "\n").strip())
    return line if len(line) <= width else line[: width - 1] + "…"


def both_shown(one: str, other: str, *, width: int = 80) -> tuple[str, str]:
    """Return two texts that are nearly the same, each on one line, cut so that the first difference can be seen.

    >>> both_shown("the very same words " * 3 + "to begin", "the very same words " * 3 + "to end", width=30)
    ('…same words to begin', '…same words to end')
    """
    one, other = (" ".join(text.split()) for text in (one, other))
    same = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = same - width // 2 if same > width * 2 // 3 else 0
    cut = "…" if start else ""
    return cut + shown(one[start:], width=width), cut + shown(other[start:], width=width)


def counted(number: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun: `1 row`, `1,204 rows`.

    >>> counted(1, "row"), counted(1204, "row"), counted(2, "copy", "copies")
    ('1 row', '1,204 rows', '2 copies')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def percent(share: float) -> str:
    """Return a share as people say it.

    >>> percent(0.1234), percent(0.0004), percent(1.0)
    ('12 %', '0.04 %', '100 %')
    """
    value = share * 100
    if value == 0 or value >= 10:
        return f"{value:.0f} %"
    return f"{value:.1f} %" if value >= 1 else f"{value:.1g} %"
