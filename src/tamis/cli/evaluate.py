"""`tamis evaluate`: how good is the model really?"""

from __future__ import annotations

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
