"""The step `case`: small letters."""

from __future__ import annotations

from typing import ClassVar, Literal

from tamis.features.cleaning.step import Change, Step


class Case(Step):
    """Makes letters small. An uncased model does so itself."""

    name: ClassVar[str] = "case"
    summary: ClassVar[str] = "small letters"

    to: Literal["lower", "fold"] = "lower"
    """`fold` also makes "ß" "ss" and the like, for comparing."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        return str.lower if self.to == "lower" else str.casefold
