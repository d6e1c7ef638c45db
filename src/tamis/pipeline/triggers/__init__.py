"""Triggers: what starts a run by itself: the clock, new files, an alarm, new labels; each event exactly once."""

from tamis.pipeline.triggers.config import TriggerSettings

__all__ = ["TriggerSettings"]
