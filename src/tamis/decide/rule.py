"""Rule: from which probability on a label is said, and what happens below it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Rule(BaseModel):
    """The least probability of each label at which the model says it; without thresholds it always says something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    goal: Literal["none", "precision", "coverage", "cost", "f1"] = "none"
    thresholds: dict[str, float] = {}
