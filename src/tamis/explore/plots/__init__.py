"""Plots: charts and clouds as PNG pictures, drawn without a screen; the same input gives the same bytes."""

from tamis.explore.plots.cloud import draw_cloud, undrawn
from tamis.explore.plots.draw import draw_chart

__all__ = ["draw_chart", "draw_cloud", "undrawn"]
