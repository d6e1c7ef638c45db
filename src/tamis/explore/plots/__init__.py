"""Plots: charts and clouds as PNG pictures, drawn without a screen; the same input gives the same bytes."""

from tamis.explore.plots.cloud import draw_cloud, undrawn
from tamis.explore.plots.draw import draw_chart
from tamis.explore.plots.glyphs import writable
from tamis.explore.plots.style import look, new_figure, plain, title, to_png

__all__ = ["draw_chart", "draw_cloud", "look", "new_figure", "plain", "title", "to_png", "undrawn", "writable"]
