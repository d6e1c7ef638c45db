"""`tamis export`: the quickest form of a model that is still the same model."""

from __future__ import annotations

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
