"""Verdict: what became of one condition."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Verdict(BaseModel):
    """A condition with the value that was found, its bound, and whether it holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    condition: str
    """What was asked: `macro F1 at least 0.7`."""
    holds: bool
    value: float | None = None
    """What is held against the bound; None where there is no number, or too few rows for one."""
    bound: float | None = None
    says: str
    """The reason, with its numbers."""

    def __str__(self) -> str:
        return f"{self.condition}: {self.says}"
