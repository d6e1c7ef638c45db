"""Predict: text in, `Prediction` out.

In goes a bundle; out comes a `Classifier` that cleans, tokenises, batches by length, runs the engine the bundle chose,
and decides. The same object stands behind Python, the command line and the server, and needs no torch where the bundle
has a torch-free engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tamis.predict.classifier import Classifier
from tamis.predict.config import PredictSettings
from tamis.predict.cores import cores
from tamis.predict.engine import Engine, RawScores
from tamis.predict.engines import ENGINES, load_engine
from tamis.predict.opened import open_classifier
from tamis.predict.scorer import PASS_TOKENS

if TYPE_CHECKING:
    from tamis.predict.batch import BatchJob, BatchResult, PlannedFile, plan_batch, run_batch
    from tamis.predict.file import FileResult, predict_file
    from tamis.predict.lines import ArrivedLines, arriving_lines
    from tamis.predict.rows import open_rows
    from tamis.predict.table import check_target

_OF_FILES = {
    "batch": ("BatchJob", "BatchResult", "PlannedFile", "plan_batch", "run_batch"),
    "file": ("FileResult", "predict_file"),
    "lines": ("ArrivedLines", "arriving_lines"),
    "rows": ("open_rows",),
    "table": ("check_target",),
}
"""What reads files, and is loaded when it is asked for: a server starts without."""

__all__ = [
    "ENGINES",
    "PASS_TOKENS",
    "ArrivedLines",
    "BatchJob",
    "BatchResult",
    "Classifier",
    "Engine",
    "FileResult",
    "PlannedFile",
    "PredictSettings",
    "RawScores",
    "arriving_lines",
    "check_target",
    "cores",
    "load_engine",
    "open_classifier",
    "open_rows",
    "plan_batch",
    "predict_file",
    "run_batch",
]


def __getattr__(name: str) -> Any:
    for file, names in _OF_FILES.items():
        if name in names:
            return getattr(import_module(f"tamis.predict.{file}"), name)
    raise AttributeError(f"tamis.predict has no {name!r}")
