"""`tamis train`: from a dataset to a bundle."""

from __future__ import annotations

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
