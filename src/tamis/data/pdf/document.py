"""Document: one PDF file read whole: the text of its pages, its title, or why there is none."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdfium2.raw as pdfium

from tamis.data.pdf.characters import Vocabulary, first_word, last_word, plain_characters
from tamis.data.pdf.failure import Failure, why_unreadable
from tamis.data.pdf.furniture import without_furniture
from tamis.data.pdf.layout import reading_order
from tamis.data.pdf.lines import HYPHEN, PageLines, read_lines
from tamis.data.pdf.ocr import INSTALL, OcrError, ocr_page
from tamis.data.pdf.paragraphs import paragraphs
from tamis.data.pdf.title import find_title

READING_VERSION = 1
"""Counted up when the same file would give another text, so that no cache gives the old one."""

_COPYING = 1 << 4
_JOINTS = ("\n\n", " ", "")
_SENTENCE_END = re.compile(r"[.!?:;…。！？»”\"')\]]\s*$")
_DATE = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?")


@dataclass(frozen=True, kw_only=True)
class Document:
    """A file's text and what the file says about itself."""

    title: str
    author: str
    subject: str
    created: str
    """ISO date and time, or empty."""
    page_texts: Sequence[str]
    joints: Sequence[int]
    """How each page's text goes on on the next: 0 a new paragraph, 1 the same sentence, 2 the same word."""
    characters: int
    """All characters on the pages as the file has them: with running headers, and each line end as one."""
    copying_allowed: bool
    ocr_pages: int
    """How many pages were read by OCR."""
    notes: Sequence[str]
    """What a reader of the text should know: pages that could not be read…"""

    @property
    def text(self) -> str:
        """The whole text; what a page break had parted is together again."""
        parts: list[str] = []
        for page, joint in zip(self.page_texts, [*self.joints, 0], strict=True):
            if joint == 2:
                page = page.removesuffix("-")
            parts += (page, _JOINTS[joint]) if page else ()
        return "".join(parts).strip()


def read_document(
    path: Path,
    *,
    passwords: Sequence[str] = (),
    ocr: str | None = None,
    each_page: Callable[[], object] = lambda: None,
) -> Document | Failure:
    """Return what a PDF file says, or why it cannot be read; nothing is raised for a bad file.

    `passwords` are tried in turn; `ocr` is tesseract's language for pages without a text layer; `each_page` is called
    before each page, as a sign of life.
    """
    try:
        if not path.stat().st_size:
            return Failure("empty", "empty file")
        opened = _open(path, passwords)
        if isinstance(opened, Failure):
            return opened
        try:
            return _read(opened, path, ocr=ocr, each_page=each_page)
        finally:
            pdfium.FPDF_CloseDocument(opened)
    except OSError as error:
        return Failure("unreadable", f"cannot read the file: {error.strerror or error}")


def _open(path: Path, passwords: Sequence[str]) -> Any:
    """An open document, or why it does not open."""
    tries = [None, *(each for word in passwords for each in dict.fromkeys((word.encode(), _latin(word))))]
    code = pdfium.FPDF_ERR_SUCCESS
    for password in tries:
        document = pdfium.FPDF_LoadDocument(os.fsencode(path), password)
        if document:
            return document
        code = pdfium.FPDF_GetLastError()
        if code != pdfium.FPDF_ERR_PASSWORD:
            break
    if code == pdfium.FPDF_ERR_PASSWORD:
        if passwords:
            return Failure("encrypted", "encrypted: the password given does not open it")
        return Failure("encrypted", "encrypted: needs a password (--password, or --password-file)")
    if code == pdfium.FPDF_ERR_SECURITY:
        return Failure("encrypted", "encrypted: in a way that only the program that wrote it can open")
    return why_unreadable(path)


def _latin(password: str) -> bytes:
    return password.encode("latin-1", "replace")  # what old revisions of the encryption used


def _read(document: Any, path: Path, *, ocr: str | None, each_page: Callable[[], object]) -> Document | Failure:
    count = pdfium.FPDF_GetPageCount(document)
    if count <= 0:
        found = why_unreadable(path)
        return found if found.kind == "truncated" else Failure("corrupt", "corrupt: it has no pages")
    seen = _Seen()
    raw: list[str] = []
    try:
        for index, (page, furniture) in enumerate(without_furniture(_pages(document, count, seen, each_page))):
            text = "\n\n".join(paragraphs(page, reading_order(page), without=furniture))
            if ocr and not page.characters and not page.failed:
                each_page()
                text = ocr_page(document, index, language=ocr)
                seen.ocr += bool(text)
            raw.append(text)
    except OcrError as error:
        return Failure("ocr", str(error))
    if len(seen.failed) == count:
        found = why_unreadable(path)
        return found if found.kind == "truncated" else Failure("corrupt", "corrupt: not one of its pages can be read")
    if not any(raw):
        return _no_text(document, count, ocr=ocr)

    raw = [plain_characters(text) for text in raw]
    words = Vocabulary("\n".join(raw)) if any(HYPHEN in text for text in raw) else None
    joints = [_joint(one, two, words) for one, two in pairwise(raw)]
    texts = [words.mend(text).strip() if words else text.strip() for text in raw]
    permissions = pdfium.FPDF_GetDocPermissions(document)
    first = seen.first
    return Document(
        title=find_title(first, _metadata(document, "Title")) if first else _metadata(document, "Title"),
        author=_said(document, "Author"),
        subject=_said(document, "Subject"),
        created=_date(_metadata(document, "CreationDate")),
        page_texts=texts,
        joints=joints,
        characters=seen.characters,
        copying_allowed=bool(permissions & _COPYING),
        ocr_pages=seen.ocr,
        notes=_notes(texts, seen, count, copying_allowed=bool(permissions & _COPYING)),
    )


class _Seen:
    """What was counted on the way through the pages."""

    def __init__(self) -> None:
        self.first: PageLines | None = None
        self.characters = 0
        self.failed: list[int] = []
        self.silent: list[int] = []
        self.ocr = 0


def _pages(document: Any, count: int, seen: _Seen, each_page: Callable[[], object]) -> Iterator[PageLines]:
    for index in range(count):
        each_page()
        page = read_lines(document, index, with_fonts=index == 0)
        if index == 0:
            seen.first = page
        seen.characters += page.characters
        if page.failed:
            seen.failed.append(index + 1)
        elif not page.characters:
            seen.silent.append(index + 1)
        yield page


def _joint(one: str, two: str, words: Vocabulary | None) -> int:
    if not one or not two or not two[0].islower():
        return 0
    if one.endswith(HYPHEN):
        keeps = words is None or words.keeps_hyphen(last_word(one[:-1]), first_word(two))
        return 2 if not keeps else 1
    return 0 if _SENTENCE_END.search(one) else 1


def _no_text(document: Any, count: int, *, ocr: str | None) -> Failure:
    if ocr:
        return Failure("no_text", "no text: OCR found none either")
    pages = f"{count} page{'s' if count > 1 else ''}"
    how = "--ocr" if shutil.which("tesseract") else f"--ocr, after {INSTALL}"
    for index in range(min(count, 10)):
        page = pdfium.FPDF_LoadPage(document, index)
        if page:
            things = pdfium.FPDFPage_CountObjects(page)
            pdfium.FPDF_ClosePage(page)
            if things > 0:
                return Failure("no_text", f"no text layer on its {pages}: OCR is needed ({how})")
    return Failure("no_text", f"no text: its {pages} {'are' if count > 1 else 'is'} blank")


def _notes(texts: Sequence[str], seen: _Seen, count: int, *, copying_allowed: bool) -> list[str]:
    notes = []
    if not copying_allowed:
        notes.append("its owner does not allow copying from it")
    if seen.failed:
        notes.append(f"{_listed(seen.failed)} of {count} cannot be read")
    silent = [page for page in seen.silent if not texts[page - 1]]
    if silent:
        notes.append(f"{_listed(silent)} of {count} without a text layer")
    if seen.ocr:
        notes.append(f"{seen.ocr} of {count} pages read by OCR")
    return notes


def _listed(pages: Sequence[int]) -> str:
    shown = ", ".join(map(str, pages[:10])) + (f" and {len(pages) - 10} more" if len(pages) > 10 else "")
    return f"page{'s' if len(pages) > 1 else ''} {shown}"


def _metadata(document: Any, key: str) -> str:
    size = pdfium.FPDF_GetMetaText(document, key.encode(), None, 0)
    if size <= 2:
        return ""
    buffer = ctypes.create_string_buffer(size)
    pdfium.FPDF_GetMetaText(document, key.encode(), buffer, size)
    return buffer.raw[: size - 2].decode("utf-16-le", "replace").strip()


def _said(document: Any, key: str) -> str:
    """What the writer said about the document, and not the program that wrote it."""
    text = " ".join(plain_characters(_metadata(document, key)).split())
    return "" if text.lower() in ("anonymous", "unspecified", "untitled", "unknown", "user") else text


def _date(text: str) -> str:
    found = _DATE.match(text)
    if not found:
        return ""
    year, month, day, hour, minute, second = (part or "" for part in found.groups())
    return f"{year}-{month or '01'}-{day or '01'}T{hour or '00'}:{minute or '00'}:{second or '00'}"
