"""PdfSource: PDF files, one row a document or a page; files that give no text are rejected under a named reason."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from itertools import chain, islice
from pathlib import Path, PurePosixPath
from typing import Any

import pyarrow as pa

from tamis.core import DataError, Progress, Schema, UsageError
from tamis.data.pdf import Document, Failure, ReadingCache, Task, read_tasks
from tamis.data.pdf.ocr import check_ocr
from tamis.data.sources.location import Input
from tamis.data.sources.options import SourceOptions
from tamis.data.sources.source import Batch, Reject

_ABOUT = [
    ("title", pa.string()),
    ("author", pa.string()),
    ("subject", pa.string()),
    ("created", pa.timestamp("s")),
    ("pages", pa.int32()),
    ("characters", pa.int64()),
    ("ocr_pages", pa.int32()),
    ("copying_allowed", pa.bool_()),
    ("notes", pa.string()),
]
_ROWS = {
    "document": pa.schema([("id", pa.string()), ("text", pa.string()), *_ABOUT, ("page_text", pa.list_(pa.string()))]),
    "page": pa.schema(
        [("id", pa.string()), ("document", pa.string()), ("page", pa.int32()), ("text", pa.string()), *_ABOUT]
    ),
}
_HEAD_FILES = 4
_FILES_AT_ONCE = 1024  # of this machine
_FETCHED_AT_ONCE = 64  # from elsewhere, which lie on this machine's disk meanwhile
_BATCH_CHARACTERS = 8_000_000
_NAMED_PASSWORD = re.compile(r"(.*\.pdf)[ ]*[\t,][ ]*(.*)", re.IGNORECASE)


def read_pdf(inputs: list[Input], options: SourceOptions) -> PdfSource:
    """Return the reader of PDF files."""
    return PdfSource(inputs, options)


class PdfSource:
    """The rows of PDF files, in the order of their names."""

    kind = "pdf"

    def __init__(self, inputs: Sequence[Input], options: SourceOptions) -> None:
        if options.per not in _ROWS:
            raise UsageError(f"--per is document or page, not {options.per!r}")
        if not inputs:
            raise UsageError("no PDF file to read")
        if options.workers is not None and options.workers < 1:
            raise UsageError(f"--workers must be 1 or more, not {options.workers}")
        if options.ocr:
            check_ocr(options.ocr_language)
        aside = Counter(each.suffix or "without suffix" for each in inputs if each.suffix != ".pdf")
        if len(inputs) > aside.total() > 0:
            inputs = [each for each in inputs if each.suffix == ".pdf"]
        self._inputs, self._options = list(inputs), options
        self._begun: Iterator[tuple[int, Document | Failure]] | None = None
        self._beginning: list[tuple[int, Document | Failure]] = []
        self._names = _names([each.uri for each in inputs])
        self._passwords = _passwords(options.password_file)
        # two even on one processor: what kills a process must not kill the import
        self._workers = options.workers or max(2, os.cpu_count() or 1)
        self.uri = inputs[0].uri if len(inputs) == 1 else inputs[0].uri.removesuffix("/" + self._names[0])
        self.schema = Schema(text=("text",), id="id", group="document" if options.per == "page" else None)
        shown: dict[str, Any] = {"files": len(inputs), "per": options.per}
        if options.ocr:
            shown["ocr"] = options.ocr_language
        if len(inputs) > 1 and aside:
            shown["notes"] = ["left aside: " + ", ".join(f"{count} {suffix}" for suffix, count in aside.items())]
        self.options: Mapping[str, Any] = shown

    def head(self) -> pa.Table:
        """Return the rows of the first file that can be read, if it is among the first few."""
        self._begun, self._beginning = self._readings(), []
        for at, reading in islice(self._begun, _HEAD_FILES):
            self._beginning.append((at, reading))
            if isinstance(reading, Document):
                return self._table(self._rows(at, reading)).slice(0, 1000)
        return self._table([])

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """Yield all rows in order; a file without text is a reject that says why."""
        readings = chain(self._beginning, self._begun) if self._begun else self._readings()
        self._begun, self._beginning = None, []  # what head has read is not read again
        rows: list[dict[str, Any]] = []
        rejects: list[Reject] = []
        size = 0
        with progress.track("reading PDFs", total=len(self._inputs), unit="files") as advance:
            for at, reading in readings:
                if isinstance(reading, Failure):
                    rejects.append(Reject(source=self._names[at], row=1, reason=reading.reason))
                else:
                    rows += self._rows(at, reading)
                    size += reading.characters
                advance(1)
                if size > _BATCH_CHARACTERS:
                    yield Batch(self._table(rows), rejects)
                    rows, rejects, size = [], [], 0
            if rows or rejects:
                yield Batch(self._table(rows), rejects)

    def _readings(self) -> Iterator[tuple[int, Document | Failure]]:
        """Each file with what it says, some at a time: files from elsewhere lie on the disk while they are read."""
        waiting = iter(range(len(self._inputs)))
        local = all(each.path is not None for each in self._inputs)
        with ReadingCache(self._options.cache) as cache:
            while some := list(islice(waiting, _FILES_AT_ONCE if local else _FETCHED_AT_ONCE)):
                with ExitStack() as fetched:
                    found = [self._task(at, fetched) for at in some]
                    tasks = [task for task in found if isinstance(task, Task)]
                    readings = read_tasks(tasks, workers=self._workers, executor=self._options.executor, cache=cache)
                    for at, task in zip(some, found, strict=True):
                        yield at, task if isinstance(task, Failure) else next(readings)

    def _task(self, at: int, fetched: ExitStack) -> Task | Failure:
        try:
            path = fetched.enter_context(self._inputs[at].on_disk())
            size = path.stat().st_size
        except (DataError, OSError) as error:
            return Failure("unreadable", f"cannot read the file: {error}")
        name = self._names[at]
        own = [
            self._passwords[key]
            for key in (name, self._inputs[at].uri, PurePosixPath(name).name, "")
            if key in self._passwords
        ]
        passwords = [word for words in own for word in words] + [self._options.password or ""]
        return Task(
            path=path,
            bytes=size,
            passwords=tuple(dict.fromkeys(word for word in passwords if word)),
            ocr=self._options.ocr_language if self._options.ocr else None,
        )

    def _rows(self, at: int, document: Document) -> list[dict[str, Any]]:
        name = self._names[at]
        about = {
            "title": document.title or None,
            "author": document.author or None,
            "subject": document.subject or None,
            "created": _time(document.created),
            "pages": len(document.page_texts),
            "characters": document.characters,
            "ocr_pages": document.ocr_pages,
            "copying_allowed": document.copying_allowed,
            "notes": "; ".join(document.notes) or None,
        }
        if self._options.per == "document":
            return [{"id": name, "text": document.text, **about, "page_text": document.page_texts}]
        return [
            {"id": f"{name}#{number}", "document": name, "page": number, "text": text, **about}
            for number, text in enumerate(document.page_texts, start=1)
        ]

    def _table(self, rows: list[dict[str, Any]]) -> pa.Table:
        return pa.Table.from_pylist(rows, _ROWS[self._options.per])


def _names(uris: Sequence[str]) -> list[str]:
    """Each file's path below what they all share, in letters that can be stored."""
    parts = [uri.split("/") for uri in uris]
    shared = 0
    while all(len(each) > shared + 1 and each[shared] == parts[0][shared] for each in parts):
        shared += 1
    names = ["/".join(each[shared:]) for each in parts]
    return [os.fsencode(name).decode("utf-8", "backslashreplace") for name in names]


def _passwords(file: Path | None) -> dict[str, list[str]]:
    """Passwords by file name; those under the empty name are for every file."""
    if file is None:
        return {}
    try:
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise UsageError(f"cannot read the password file {file}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"the password file {file} is not UTF-8") from None
    found: dict[str, list[str]] = {}
    for line in lines:
        named = _NAMED_PASSWORD.fullmatch(line)
        if line.strip():
            found.setdefault(named[1].strip() if named else "", []).append(named[2] if named else line)
    return found


def _time(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
