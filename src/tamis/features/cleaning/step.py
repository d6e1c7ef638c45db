"""Step: one small change to a text, with its options."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from tamis.core import Settings

Change = Callable[[str], str]


class Step(Settings):
    """What every cleaning step is: named options that can be saved, and the function they make.

    A step never raises on any text, and never makes one word of two.
    """

    name: ClassVar[str]
    summary: ClassVar[str]
    """One line for `tamis data clean --list`."""

    def build(self) -> Change:
        """Return the function that applies this step; what it needs is looked up here, once."""
        raise NotImplementedError(f"{type(self).__name__}.build")

    @property
    def inserts(self) -> str:
        """The word this step puts in the place of what it takes; a later step must leave it whole."""
        return str(getattr(self, "replace", ""))
