"""The extra `explore`: what pictures need beyond the core."""

from __future__ import annotations

from importlib.util import find_spec

from tamis.core import MissingExtra


def require_extra() -> None:
    """Raise MissingExtra when matplotlib or wordcloud is not installed."""
    if find_spec("matplotlib") is None or find_spec("wordcloud") is None:
        raise MissingExtra("drawing pictures", extra="explore")
