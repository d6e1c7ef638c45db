"""Progress: how a chapter tells of long work without knowing whether anybody looks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Protocol

Advance = Callable[[float], None]


class Progress(Protocol):
    """Shows work that takes time."""

    def track(self, what: str, *, total: float | None, unit: str) -> AbstractContextManager[Advance]:
        """Open a bar for `what`; the yielded function moves it on by so many units. `total` None: not known."""
        ...


class Silent:
    """The Progress that shows nothing: what every chapter uses unless told otherwise."""

    @contextlib.contextmanager
    def track(self, what: str, *, total: float | None, unit: str) -> Iterator[Advance]:
        """Yield a function that does nothing."""
        yield lambda amount: None
