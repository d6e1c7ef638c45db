"""Failure: why a file gives no text, named so that its owner knows what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FailureKind = Literal[
    "encrypted", "truncated", "corrupt", "not_pdf", "empty", "no_text", "crashed", "unreadable", "ocr"
]

_HEAD = 1024  # readers find %PDF anywhere in the first kilobyte
_TAIL = 2048

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"PK\x03\x04", "a zip archive, or a Word, Excel or LibreOffice file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\x00", "a TIFF image"),
    (b"MM\x00*", "a TIFF image"),
    (b"\xd0\xcf\x11\xe0", "an old Word, Excel or PowerPoint file"),
    (b"{\\rtf", "RTF"),
    (b"%!PS", "PostScript"),
    (b"\x1f\x8b", "gzip; unpack it"),
    (b"BZh", "bzip2; unpack it"),
    (b"\x28\xb5\x2f\xfd", "zstandard; unpack it"),
    (b"AT&TFORM", "DjVu"),
)


@dataclass(frozen=True)
class Failure:
    """A file without a text."""

    kind: FailureKind
    reason: str

    @property
    def lasting(self) -> bool:
        """Whether the same bytes will fail again in the same way."""
        return self.kind not in ("crashed", "unreadable", "ocr")


def why_unreadable(path: Path) -> Failure:
    """Return what is wrong with a file that cannot be opened as a PDF, told from its bytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, size - _TAIL))
        tail = file.read()
    if not head.strip(b"\0 \t\r\n"):
        return Failure("empty", "empty file" if not size else "empty file: nothing but blanks and zeros")
    if b"%PDF-" not in head:
        return Failure("not_pdf", f"not a PDF: it is {_sniff(head)}")
    if b"%%EOF" not in tail and b"startxref" not in tail:
        return Failure(
            "truncated", f"truncated: the end of the file is missing ({size:,} bytes are here); fetch it again"
        )
    return Failure("corrupt", "corrupt: the file has a PDF's begin and end, but what lies between is damaged")


def _sniff(head: bytes) -> str:
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if b"<html" in text or text.startswith(b"<!doctype html") or b"<head" in text or b"<body" in text:
        return "HTML, a web page; perhaps the download needed a login"
    if text.startswith(b"<?xml"):
        return "XML"
    if text.startswith((b"{", b"[")):
        return "JSON or other plain text"
    if b"\0" not in head and sum(byte < 9 for byte in head) == 0:
        return "plain text"
    return "something unknown (no %PDF at its begin)"
