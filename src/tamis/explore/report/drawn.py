"""Charts as HTML, those that a profile has no numbers for left out."""

from __future__ import annotations

from tamis.core.charts import Chart
from tamis.core.drawing import draw


def drawn(*charts: Chart | None) -> list[str]:
    """Return the charts that are there, drawn."""
    return [draw(chart) for chart in charts if chart is not None]
