"""Settings of the pipeline, the section `pipeline` of `tamis.yaml`: what the standard graph is made of."""

from __future__ import annotations

from tamis.core import Settings


class PipelineSettings(Settings):
    """What `tamis run` does in this workspace."""

    source: str = ""
    """What to import: a file, an address, `demo:docstrings`, or `dataset:NAME` for one that is imported already."""
    model: str = ""
    """The model's name in the registry; empty is the dataset's name."""
    parallel_steps: int = 2
    """How many steps may run at once."""
