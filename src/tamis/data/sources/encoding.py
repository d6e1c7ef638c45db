"""Encoding: finds out how a file's letters are written, and reads them as UTF-8."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tamis.core import DataError, UsageError

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MAGIC = {
    b"PK\x03\x04": "a zip archive or an office document",
    b"%PDF-": "a PDF",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"SQLite format 3": "an SQLite database",
    b"\x7fELF": "a program",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"\x93NUMPY": "a NumPy array",
}
_ODD = frozenset(range(32)) - {0, 8, 9, 10, 11, 12, 13, 26, 27}
_DAMAGE_SHARE = 0.2  # up to so many bad characters beside the good ones, it is UTF-8 with damage


@dataclass(frozen=True, kw_only=True)
class Encoding:
    """How a file is written: the codec's name, what precedes the text, and what the user should know of it."""

    name: str
    bom: bytes = b""
    notes: tuple[str, ...] = ()

    @property
    def is_utf8(self) -> bool:
        """True when the bytes can be taken as they are."""
        return self.name == "utf-8"


def find_encoding(sample: bytes, *, whole: bool, name: str, asked: str | None = None) -> Encoding:
    """Return the encoding of a file that starts with `sample`; DataError when it is no text at all."""
    if asked is not None:
        try:
            codec = codecs.lookup(asked).name
        except LookupError:
            raise UsageError(
                f"no encoding {asked!r}. Usual ones: utf-8, cp1252, iso-8859-1, utf-16, shift_jis, gb18030"
            ) from None
        bom = next((mark for mark, written in _BOMS if sample.startswith(mark) and written.startswith(codec)), b"")
        exact = next((written for mark, written in _BOMS if mark == bom), codec) if bom else codec
        return Encoding(name=exact, bom=bom)
    for mark, written in _BOMS:
        if sample.startswith(mark):
            return Encoding(name=written, bom=mark)
    for magic, what in _MAGIC.items():
        if sample.startswith(magic):
            raise DataError(f"{name} is {what}, not text", hint="name what it is with --kind, or give its text")
    wide = _wide(sample)
    if wide:
        return Encoding(name=wide, notes=(f"read as {wide}: every other byte is zero",))
    odd = sum(sample.count(byte) for byte in _ODD) + 4 * max(0, sample.count(0) - 16)
    if odd > len(sample) // 50:
        raise DataError(f"{name} holds binary data, not text", hint="give a text file, or name its --encoding")
    return _eight_bit(sample, whole)


def utf8_stream(file: BinaryIO, encoding: Encoding, *, name: str) -> BinaryIO:
    """Return the file's text as UTF-8 bytes; the byte order mark is taken off."""
    file.read(len(encoding.bom))
    if encoding.is_utf8:
        return file
    return io.BufferedReader(_Recoded(file, encoding, name), 1 << 20)


class _Recoded(io.RawIOBase):
    """Reads bytes of one encoding and gives those of UTF-8."""

    def __init__(self, file: BinaryIO, encoding: Encoding, name: str) -> None:
        self._pieces, self._left = _recode(file, encoding, name), b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self._left:
            self._left = next(self._pieces, b"")
        count = min(len(buffer), len(self._left))
        buffer[:count], self._left = self._left[:count], self._left[count:]
        return count


def _recode(file: BinaryIO, encoding: Encoding, name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding.name)("strict")
    while True:
        piece = file.read(1 << 20)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise DataError(
                f"{name} is not {encoding.name}: {error.reason} (bytes {error.object[error.start : error.end].hex()})",
                hint="name the right one with --encoding",
            ) from None
        if text:
            yield text.encode("utf-8", "surrogatepass")
        if not piece:
            return


def _wide(sample: bytes) -> str | None:
    if len(sample) < 8:
        return None
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > 0.4 * half and even < 0.05 * half:
        return "utf-16-le"
    if even > 0.4 * half and odd < 0.05 * half:
        return "utf-16-be"
    return None


def _eight_bit(sample: bytes, whole: bool) -> Encoding:
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    try:
        decoder.decode(sample, final=whole)
        return Encoding(name="utf-8")
    except UnicodeDecodeError:
        pass
    text = sample.decode("utf-8", "surrogateescape")
    bad = sum(1 for letter in text if "\udc80" <= letter <= "\udcff")
    good = sum(1 for letter in text if letter > "\x7f") - bad
    if bad <= _DAMAGE_SHARE * good:
        note = f"UTF-8 with damage: {bad} bad bytes beside {good} good letters in the first rows"
        return Encoding(name="utf-8", notes=(note,))
    high = set(sample) & set(range(0x80, 0xA0))
    if high and not high & {0x81, 0x8D, 0x8F, 0x90, 0x9D}:
        note = "not UTF-8: read as cp1252, for it holds quotes or dashes of Windows; --encoding names another"
        return Encoding(name="cp1252", notes=(note,))
    return Encoding(name="iso-8859-1", notes=("not UTF-8: read as iso-8859-1; --encoding names another",))
