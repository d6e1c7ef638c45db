"""Plots: an evaluation's figures as PNG pictures, in the look of explore's."""

from tamis.evaluate.plots.draw import draw_figure

__all__ = ["draw_figure"]
