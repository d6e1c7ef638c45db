"""Unknown: tells text that is like nothing the model was trained on."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Unknown(BaseModel):
    """How strange a text is, and from which strangeness on the model does not know it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: Literal["energy", "mahalanobis", "neighbours"]
    threshold: float
