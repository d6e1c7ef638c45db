"""Export: in which form does a model run fastest here, and is it still the same model?

In goes a bundle; the same bundle comes out with ONNX files in the precisions asked for, `parity.json` that says what
each costs and gains on this machine, and the engine that won.
"""

from tamis.export.config import ExportSettings

__all__ = ["ExportSettings"]
