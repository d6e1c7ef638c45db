"""Export: in which form does a model run fastest here, and is it still the same model?

In goes a bundle; the same bundle comes out with ONNX files in the precisions asked for, `parity.json` that says what
each costs and gains on this machine, and the engine that won.
"""

from tamis.export.config import ExportSettings
from tamis.export.onnx_file import write_onnx
from tamis.export.pack import export_folder, export_packed
from tamis.export.parity import FormParity, Likeness, Parity
from tamis.export.quantise import write_int8
from tamis.export.run import QUANTISE, Exported, export_onnx
from tamis.export.speed import Speed

__all__ = [
    "QUANTISE",
    "ExportSettings",
    "Exported",
    "FormParity",
    "Likeness",
    "Parity",
    "Speed",
    "export_folder",
    "export_onnx",
    "export_packed",
    "write_int8",
    "write_onnx",
]
