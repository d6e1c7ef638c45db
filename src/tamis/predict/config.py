"""PredictSettings: the `predict` section of tamis.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tamis.core import Settings


class PredictSettings(Settings):
    """The `predict` section of tamis.yaml."""

    engine: Literal["auto", "torch", "onnxruntime", "openvino"] = "auto"
    """What runs an encoder; auto is what the bundle recorded as the quickest."""
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    """Where torch runs; auto is the GPU where there is one. The other engines run on the processor."""
    batch_tokens: int = Field(default=0, ge=0)
    """The most tokens of one pass through the model, padding included; 0: what suits the engine."""
    threads: int = Field(default=0, ge=0)
    """How many threads an engine may use; 0: as many as there are cores."""
