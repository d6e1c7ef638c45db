"""Reasons: why a prediction has a label, or has none."""

from __future__ import annotations

CONFIDENT = "confident"
"""The rule let the label pass."""
LOW_CONFIDENCE = "low_confidence"
"""The scores are too close for the rule."""
UNKNOWN_TEXT = "unknown_text"
"""The text is like nothing the model was trained on."""
EMPTY = "empty"
"""There is no text."""

REASONS = (CONFIDENT, LOW_CONFIDENCE, UNKNOWN_TEXT, EMPTY)
