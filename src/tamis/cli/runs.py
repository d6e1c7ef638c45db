"""`tamis runs`: what was trained, with what, and how well."""

from __future__ import annotations

import typer


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
