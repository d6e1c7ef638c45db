"""Quantise: the ONNX file with its weights in 8 bits; what flows between them is rounded as it comes."""

from __future__ import annotations

from pathlib import Path

from tamis.core import MissingExtra

_SEEN = {"onnx.quant.pre_process": "onnxruntime.quant"}


def write_int8(source: Path, target: Path) -> None:
    """Write the int8 form of an ONNX file.

    Each output channel has a scale of its own, for one scale for all costs more than it saves. Weights take 7 of the
    8 bits: processors without VNNI add up pairs of products in 16 bits, which 8 would overflow without a word.
    """
    try:
        import onnx
        from onnxruntime.quantization import QuantType, quantize_dynamic
    except ModuleNotFoundError:
        raise MissingExtra("int8", extra="export") from None
    model = onnx.load(source)
    # else the library asks, on the root logger, for an optimisation that ONNX Runtime does when it loads the file
    onnx.helper.set_model_props(model, _SEEN)
    quantize_dynamic(model, target, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
