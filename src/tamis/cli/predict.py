"""`tamis predict`: text in, predictions out."""

from __future__ import annotations

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
