"""Stream: batches of any kind through Ray Data, a window of them at a time, in order."""

from __future__ import annotations

import itertools
import logging
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyarrow as pa
import ray
import ray.data
from ray import cloudpickle

from tamis.backends.ray.outcome import outcome_of, packed, value_of
from tamis.core import WorkerLost


def stream(fn: Callable[[Any], Any], batches: Iterable[Any], *, at_once: int, window: int, tries: int) -> Iterator[Any]:
    """Yield `fn(batch)` in order.

    A dataset of Ray knows all of its input when it begins, so the batches go through one dataset after the other. There
    each batch is a block of one row, which is pickled: Ray merges, splits and leaves out blocks by how many rows they
    have, and a batch need not be a table, nor what is made of it.
    """
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"ray\.")  # what its parts say of each other
    call, source = packed(fn), iter(batches)
    while pieces := list(itertools.islice(source, window)):
        dataset = ray.data.from_arrow([_block(cloudpickle.dumps(piece)) for piece in pieces])
        dataset.context.execution_options.preserve_order = True
        dataset.context.enable_progress_bars = False
        done = dataset.map_batches(
            _work,
            fn_args=(call, tries),
            batch_format="pyarrow",
            compute=ray.data.TaskPoolStrategy(min(at_once, len(pieces))),
        )
        for block in done.iter_batches(batch_size=None, batch_format="pyarrow"):
            for outcome in block["value"]:
                yield value_of(outcome.as_py())


def _block(value: bytes) -> pa.Table:
    return pa.table({"value": pa.array([value], pa.large_binary())})


def _work(block: pa.Table, call: bytes, tries: int) -> pa.Table:
    # Ray Data does again for ever what kills its worker
    if ray.get_runtime_context().worker.core_worker.get_current_task_attempt_number() >= tries:
        call = packed(_lost)
    return pa.concat_tables(_block(outcome_of(call, value.as_py())) for value in block["value"])


def _lost(batch: object) -> None:
    raise WorkerLost
