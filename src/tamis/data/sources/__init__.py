"""Sources: one file per kind of thing rows can come from. Each yields Arrow tables with the source's own columns."""

from tamis.data.sources.location import Input, locate
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject, Source

__all__ = ["Batch", "Input", "Reject", "Source", "SourceOptions", "locate"]
