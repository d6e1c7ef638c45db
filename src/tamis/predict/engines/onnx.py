"""The ONNX Runtime engine: needs no torch, and is the quickest on most processors."""

from __future__ import annotations

import threading
from pathlib import Path

import onnxruntime

from tamis.core import DataError
from tamis.predict.cores import cores
from tamis.predict.engine import Floats32, Ids


class OnnxEngine:
    """Runs an ONNX file with the inputs `input_ids` and `attention_mask`, the outputs `logits` and maybe `pooled`.

    A lone pass runs on all threads. Several run side by side, one thread each, in a session of their own that is opened
    when it is first needed: threads that share a pass wait for each other at each of its hundred steps.
    """

    batch_tokens = 1024
    name = "onnxruntime"

    def __init__(self, path: Path, *, precision: str, threads: int) -> None:
        self.precision = precision
        self.side_by_side = threads
        self._path = path
        self._session = _session(path, threads=threads)
        self._opening = threading.Lock()
        self._single: onnxruntime.InferenceSession | None = self._session if threads == 1 else None
        given = [output.name for output in self._session.get_outputs()]
        self._outputs = [name for name in ("logits", "pooled") if name in given]
        if "logits" not in given:
            raise DataError(f"this ONNX file has no output `logits`, only: {', '.join(given)}")

    def run(self, ids: Ids, mask: Ids, *, alone: bool = True) -> tuple[Floats32, Floats32 | None]:
        """Return logits, and the pooled embedding where the file has it."""
        session = self._session if alone else self._single_threaded()
        logits, *pooled = session.run(self._outputs, {"input_ids": ids, "attention_mask": mask})
        return logits, (pooled[0] if pooled else None)

    def _single_threaded(self) -> onnxruntime.InferenceSession:
        with self._opening:
            if self._single is None:
                self._single = _session(self._path, threads=1)
            return self._single


def open_engine(folder: Path, file: str, *, precision: str, threads: int, device: str) -> OnnxEngine:
    """Return the engine of an ONNX file."""
    return OnnxEngine(folder / file, precision=precision, threads=threads or cores())


def _session(path: Path, *, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # spinning threads look busy to everybody else on the machine: to the tokenizer, and to the next request
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library has no narrower one in its API
        raise DataError(f"ONNX Runtime cannot read {path.name}: {str(error).splitlines()[0]}") from None
