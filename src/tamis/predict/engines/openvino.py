"""The OpenVINO engine: reads the same ONNX file; often the quickest on Intel processors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import openvino

from tamis.core import DataError
from tamis.predict.cores import cores
from tamis.predict.engine import Floats32, Ids


class OpenVinoEngine:
    """Runs an ONNX file with the inputs `input_ids` and `attention_mask`, the outputs `logits` and maybe `pooled`."""

    batch_tokens = 1024
    name = "openvino"
    side_by_side = 1

    def __init__(self, compiled: Any, *, precision: str) -> None:
        self.precision = precision
        given = [output.get_any_name() for output in compiled.outputs]
        if "logits" not in given:
            raise DataError(f"this ONNX file has no output `logits`, only: {', '.join(given)}")
        self._request = compiled.create_infer_request()
        self._logits = given.index("logits")
        self._pooled = given.index("pooled") if "pooled" in given else None

    def run(self, ids: Ids, mask: Ids, *, alone: bool = True) -> tuple[Floats32, Floats32 | None]:
        """Return logits, and the pooled embedding where the file has it."""
        self._request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        logits = np.array(self._request.get_output_tensor(self._logits).data, np.float32)  # the next call overwrites it
        pooled = None if self._pooled is None else self._request.get_output_tensor(self._pooled).data
        return logits, (None if pooled is None else np.array(pooled, np.float32))


def open_engine(folder: Path, file: str, *, precision: str, threads: int, device: str) -> OpenVinoEngine:
    """Return the engine of an ONNX file."""
    core = openvino.Core()
    settings = {
        "INFERENCE_NUM_THREADS": threads or cores(),
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bf16" else "f32",
    }
    try:
        compiled = core.compile_model(core.read_model(str(folder / file)), "CPU", settings)
    except Exception as error:  # the library has no narrower one in its API
        raise DataError(f"OpenVINO cannot read {file}: {str(error).splitlines()[0]}") from None
    return OpenVinoEngine(compiled, precision=precision)
