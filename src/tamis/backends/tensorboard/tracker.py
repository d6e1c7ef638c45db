"""TensorBoardTracker: curves as event files that TensorBoard reads, written without TensorFlow."""

from __future__ import annotations

import json
import math
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.summary.writer.record_writer import RecordWriter

FOLDER = "tensorboard"
_TEXT = 7  # DT_STRING, as TensorFlow numbers it


class TensorBoardTracker:
    """Writes a run's numbers into `runs/<name>/tensorboard/`, where TensorBoard finds them."""

    def __init__(self, state: Path) -> None:
        self._runs = state / "runs"
        self._open: dict[str, RecordWriter] = {}

    def start(self, run: str, *, parameters: Mapping[str, object]) -> None:
        """Open a new event file; those of earlier stretches of the run stay beside it."""
        folder = self._runs / run / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{time.time_ns() // 1000}.{socket.gethostname()}.{os.getpid()}"
        self._open[run] = RecordWriter((folder / name).open("wb"))
        self._write(run, Event(wall_time=time.time(), file_version="brain.Event:2"))
        self._write(run, _text("parameters", json.dumps(parameters, indent=2, default=str)))

    def log(self, run: str, metrics: Mapping[str, float], *, step: int) -> None:
        """Add one point to the curve of each number."""
        values = [
            Summary.Value(tag=name, simple_value=value) for name, value in metrics.items() if math.isfinite(value)
        ]
        if values:
            self._write(run, Event(wall_time=time.time(), step=step, summary=Summary(value=values)))

    def attach(self, run: str, path: Path) -> None:
        """Name a file or folder of the run; TensorBoard keeps none."""
        self._write(run, _text(f"artefacts/{path.name}", str(path)))

    def finish(self, run: str, *, status: str) -> None:
        """Close the event file."""
        self._write(run, _text("status", status))
        self._open.pop(run).close()

    def _write(self, run: str, event: Any) -> None:
        writer = self._open[run]
        writer.write(event.SerializeToString())
        writer.flush()


def _text(tag: str, text: str) -> Any:
    plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    shape = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype=_TEXT, string_val=[text.encode()], tensor_shape=shape)
    value = Summary.Value(tag=f"{tag}/text_summary", metadata=plugin, tensor=tensor)
    return Event(wall_time=time.time(), summary=Summary(value=[value]))
