"""Report: a profile as one self-contained HTML page."""

from tamis.explore.report.build import build_page
from tamis.explore.report.words import shown_clouds

__all__ = ["build_page", "shown_clouds"]
