"""Reading: many PDF files at once, in processes that a bad file may take down without taking the others along."""

from __future__ import annotations

import contextlib
import os
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from tamis.core import Executor, WorkerLost, plugins
from tamis.data.pdf.cache import ReadingCache
from tamis.data.pdf.document import Document, read_document
from tamis.data.pdf.failure import Failure

In = TypeVar("In")
Out = TypeVar("Out")

_BATCH_FILES = 8
_BATCH_BYTES = 4 << 20
_SECONDS_PER_PAGE = 240


@dataclass(frozen=True, kw_only=True)
class Task:
    """A file to read."""

    path: Path
    bytes: int
    passwords: tuple[str, ...] = ()
    ocr: str | None = None
    """tesseract's language, where OCR is wanted."""

    @property
    def options(self) -> list[object]:
        """What decides on the result besides the file's bytes."""
        return [list(self.passwords), self.ocr]


def read_tasks(
    tasks: Sequence[Task], *, workers: int, executor: str = "local", cache: ReadingCache
) -> Iterator[Document | Failure]:
    """Yield each task's document or failure, in order.

    What the cache knows is not read again. Small files travel together, so that the processes are not kept busy with
    handing over; a big one travels alone.
    """
    # a file that kills its process would do so again: it is not tried twice
    work = plugins.load("executor", executor)(workers=workers, tries=1)
    window = max(64, 16 * workers)
    for begin in range(0, len(tasks), window * 16):
        yield from _read_some(tasks[begin : begin + window * 16], work, cache)


def _read_some(tasks: Sequence[Task], executor: Executor, cache: ReadingCache) -> Iterator[Document | Failure]:
    keys = [cache.key(task.path, task.options) for task in tasks]
    known = [cache.get(key) for key in keys]
    missing = [at for at, reading in enumerate(known) if reading is None]
    batches = _batches([tasks[at] for at in missing])
    read = partial(_read_batch, asked_by=os.getpid())
    fresh = (reading for readings in map_surviving(executor, read, batches, lost=_lost) for reading in readings)
    for at, reading in enumerate(known):
        if reading is None:
            reading = next(fresh)
            cache.put(keys[at], reading)
        known[at] = None
        yield reading


def map_surviving(
    executor: Executor,
    fn: Callable[[list[In]], list[Out]],
    batches: Sequence[list[In]],
    *,
    lost: Callable[[In], Out],
) -> Iterator[list[Out]]:
    """Yield `fn(batch)` in order; when a process dies, only the item that killed it is given up, as `lost(item)`.

    Who dies may take others along, so the batches under way are done again, the first of them item by item.
    """
    waiting = deque(batches)
    alone = False
    while waiting:
        now = [waiting[0]] if alone else list(waiting)
        try:
            for done in executor.map_batches(fn, now):
                waiting.popleft()
                yield done
            alone = False
        except WorkerLost:
            batch = waiting.popleft()
            if len(batch) > 1:
                waiting.extendleft([item] for item in reversed(batch))
            elif alone:
                yield [lost(batch[0])]
                alone = False
            else:
                waiting.appendleft(batch)
                alone = True


def _batches(tasks: Sequence[Task]) -> list[list[Task]]:
    batches: list[list[Task]] = []
    room = 0
    for task in tasks:
        if not batches or len(batches[-1]) >= _BATCH_FILES or task.bytes > room:
            batches.append([])
            room = _BATCH_BYTES
        batches[-1].append(task)
        room -= task.bytes
    return batches


def _read_batch(tasks: list[Task], *, asked_by: int) -> list[Document | Failure]:
    with _watch(asked_by) as each_page:
        return [read_document(task.path, passwords=task.passwords, ocr=task.ocr, each_page=each_page) for task in tasks]


@contextlib.contextmanager
def _watch(asked_by: int) -> Iterator[Callable[[], object]]:
    """In a process of its own, end it when one page takes minutes: pdfium cannot be stopped otherwise."""
    if os.getpid() == asked_by or not hasattr(signal, "alarm"):
        yield lambda: None
        return
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    try:
        yield partial(signal.alarm, _SECONDS_PER_PAGE)
    finally:
        signal.alarm(0)


def _lost(task: Task) -> Document | Failure:
    return Failure("crashed", f"corrupt: the PDF reader crashed on it, or took over {_SECONDS_PER_PAGE} seconds a page")
