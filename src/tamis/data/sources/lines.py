"""Lines: a text file in blocks of lines with their numbers, whatever its encoding and line ends."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from tamis.core import DataError, UsageError
from tamis.data.sources.location import Input
from tamis.data.sources.source import Reject

_BLOCK_BYTES = 4 << 20
_LONGEST_LINE_BYTES = 512 << 20
_SAMPLE_BYTES = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Lines:
    """Lines that follow each other."""

    first: int
    """The number of the first of them in its file, from 1."""
    values: pa.StringArray
    """Without line ends; a line that is not text in the file's encoding is null, and in `rejects`."""
    rejects: tuple[Reject, ...]
    bytes: int
    """How much of the packed file was read for them."""


def line_blocks(each: Input, *, encoding: str | None = None) -> Iterator[Lines]:
    """Yield the lines of a file. `encoding` None: as its first bytes tell; a byte order mark decides in any case."""
    with each.open() as stream:
        known = encoding_of(stream.peek(_SAMPLE_BYTES)[:_SAMPLE_BYTES], encoding, name=each.uri)
        source: io.BufferedIOBase = stream
        if known != "utf-8":
            source = io.BufferedReader(_Recoded(stream, known, each.uri), _BLOCK_BYTES)
        first, rest, read = 1, b"", 0
        started = False
        while data := source.read(_BLOCK_BYTES):
            if not started:
                data = data.removeprefix(codecs.BOM_UTF8)
                started = True
            block = rest + data
            # a carriage return at the very end may be the first half of a line end
            cut = max(block.rfind(b"\n"), block.rfind(b"\r", 0, -1)) + 1
            if cut == 0 or block[cut - 1 : cut + 1] == b"\r\n":
                if len(block) > _LONGEST_LINE_BYTES:
                    raise DataError(f"{each.uri}: line {first} is longer than 512 MiB", hint="is this a text file?")
                rest = block
                continue
            lines = _lines(block[:cut], first, each.uri, stream.consumed - read)
            read = stream.consumed
            first += len(lines.values)
            rest = block[cut:]
            yield lines
        if rest:
            yield _lines(rest, first, each.uri, stream.consumed - read)


def encoding_of_input(each: Input, asked: str | None) -> str:
    """Return the encoding in which `line_blocks` reads a file."""
    with each.open() as stream:
        return encoding_of(stream.peek(_SAMPLE_BYTES)[:_SAMPLE_BYTES], asked, name=each.uri)


def encoding_of(start: bytes, asked: str | None, *, name: str) -> str:
    """Return the encoding of a file by its first bytes: its byte order mark, else what is asked, else UTF-8 or cp1252.

    >>> encoding_of("é".encode("latin-1"), None, name="a.txt"), encoding_of("é".encode(), None, name="a.txt")
    ('cp1252', 'utf-8')
    """
    marked = next((encoding for mark, encoding in _BOMS if start.startswith(mark)), None)
    if marked:
        return marked
    if asked:
        try:
            known = codecs.lookup(asked).name
        except LookupError:
            raise UsageError(
                f"no encoding {asked!r}", hint="common ones: utf-8, cp1252, iso-8859-1, utf-16, shift_jis"
            ) from None
        return "utf-8" if known == "utf-8-sig" else known
    if b"\0" in start:
        raise DataError(
            f"{name} is no text: it holds zero bytes", hint="name what it is with --kind, or its --encoding"
        )
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


class _Recoded(io.RawIOBase):
    """The bytes of a file in another encoding, as UTF-8."""

    def __init__(self, file: io.BufferedIOBase, encoding: str, name: str) -> None:
        # cp1252 leaves five bytes undefined; those who write them mean what Latin-1 says, as every browser knows
        errors = "strict" if encoding != "cp1252" else "tamis-latin-1"
        codecs.register_error("tamis-latin-1", _as_latin_1)
        self._decoder = codecs.getincrementaldecoder(encoding)(errors)
        self._file, self._encoding, self._name = file, encoding, name
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready and not self._ended:
            data = self._file.read(_BLOCK_BYTES)
            self._ended = not data
            try:
                self._ready = self._decoder.decode(data, final=self._ended).encode()
            except UnicodeDecodeError as error:
                raise DataError(
                    f"{self._name} is not {self._encoding}: {error.reason}", hint="name another with --encoding"
                ) from None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count


def _as_latin_1(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("latin-1"), error.end


def _lines(block: bytes, first: int, name: str, consumed: int) -> Lines:
    if b"\r" in block:
        block = block.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(data == 10)
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    # offsets between which the lines lie; line ends are taken out of the bytes, so that offsets are neighbours
    lengths = np.diff(ends, prepend=-1) - 1
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    text = block.replace(b"\n", b"")
    array = pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return _repaired(text, offsets, first, name, consumed)
    return Lines(first, array, (), consumed)


def _repaired(text: bytes, offsets: np.ndarray, first: int, name: str, consumed: int) -> Lines:
    """The lines of a block in which some are not UTF-8."""
    values: list[str | None] = []
    rejects = []
    for number, (start, end) in enumerate(pairwise(offsets.tolist()), first):
        line = text[start:end]
        try:
            values.append(line.decode())
        except UnicodeDecodeError as error:
            values.append(None)
            reason = f"not UTF-8: byte 0x{line[error.start]:02x} at position {error.start + 1}"
            rejects.append(Reject(source=name, row=number, reason=reason, content=line.decode(errors="replace")))
    return Lines(first, pa.array(values, pa.string()), tuple(rejects), consumed)
