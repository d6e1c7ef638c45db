"""Lines: a text file in blocks of lines with their numbers, whatever its encoding and line ends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa

from tamis.core import DataError
from tamis.data.sources.compression import Stream
from tamis.data.sources.encoding import Encoding, find_encoding, utf8_stream
from tamis.data.sources.location import Input
from tamis.data.sources.source import Reject

_BLOCK_BYTES = 4 << 20
_LONGEST_LINE_BYTES = 512 << 20
_SAMPLE_BYTES = 1 << 16


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
    """Yield the lines of a file. `encoding` None: as its first bytes tell."""
    with each.open() as stream:
        known = encoding_of(stream, each.uri, asked=encoding)
        source = utf8_stream(stream, known, name=each.uri)
        first, rest, read = 1, b"", 0
        while data := source.read(_BLOCK_BYTES):
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


def encoding_of(stream: Stream, name: str, *, asked: str | None) -> Encoding:
    """Return the encoding of a file that was just opened."""
    sample = stream.peek(_SAMPLE_BYTES)
    return find_encoding(sample, whole=len(sample) < _SAMPLE_BYTES, name=name, asked=asked)


def encodings_of(inputs: Sequence[Input], *, asked: str | None) -> str:
    """Return the names of the encodings in which `line_blocks` reads some files."""
    found = set()
    for each in inputs:
        with each.open() as stream:
            found.add(encoding_of(stream, each.uri, asked=asked).name)
    return " and ".join(sorted(found))


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
