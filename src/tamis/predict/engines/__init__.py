"""Engines: one file each for what can run an encoder. None of their libraries is imported before it is asked for."""

from tamis.predict.engines.choose import ENGINES, load_engine

__all__ = ["ENGINES", "load_engine"]
