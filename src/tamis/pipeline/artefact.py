"""Artefact: what a step made, by name and by content, so that others can tell whether it is still the same."""

from __future__ import annotations

from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict

Value: TypeAlias = Any
"""What steps hand on besides artefacts: numbers, words, truth values, lists and mappings of them, as JSON has them."""


class Artefact(BaseModel):
    """Something on disk: a dataset version, a run, an evaluation, a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: str
    """dataset, run, bundle, evaluation, version, file or folder; see `artefacts.KINDS`."""
    ref: str
    """How it is found: `docs@2`, a run's name, a path in the workspace."""
    fingerprint: str
    """Of its content: the same content has the same one, wherever it is."""
