"""The ONNX Runtime engine: needs no torch, and is the quickest on most processors."""

from __future__ import annotations

from pathlib import Path

import onnxruntime

from tamis.core import DataError
from tamis.predict.cores import cores
from tamis.predict.engine import Floats32, Ids


class OnnxEngine:
    """Runs an ONNX file with the inputs `input_ids` and `attention_mask`, the outputs `logits` and maybe `pooled`."""

    batch_tokens = 1024
    name = "onnxruntime"

    def __init__(self, session: onnxruntime.InferenceSession, *, precision: str) -> None:
        self.precision = precision
        self._session = session
        given = [output.name for output in session.get_outputs()]
        self._outputs = [name for name in ("logits", "pooled") if name in given]
        if "logits" not in given:
            raise DataError(f"this ONNX file has no output `logits`, only: {', '.join(given)}")

    def run(self, ids: Ids, mask: Ids) -> tuple[Floats32, Floats32 | None]:
        """Return logits, and the pooled embedding where the file has it."""
        logits, *pooled = self._session.run(self._outputs, {"input_ids": ids, "attention_mask": mask})
        return logits, (pooled[0] if pooled else None)


def open_engine(folder: Path, file: str, *, precision: str, threads: int, device: str) -> OnnxEngine:
    """Return the engine of an ONNX file."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    options.inter_op_num_threads = 1
    # spinning threads look busy to everybody else on the machine: to the tokenizer, and to the next request
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no narrower one in its API
        raise DataError(f"ONNX Runtime cannot read {file}: {str(error).splitlines()[0]}") from None
    return OnnxEngine(session, precision=precision)
