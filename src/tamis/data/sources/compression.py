"""Compression: unpacks .gz, .bz2, .zst while reading; a file that ends too early is an error, never a short dataset."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

import zstandard

from tamis.core import DataError

# what a packed file begins with, whatever its name says
_MAGIC = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\x28\xb5\x2f\xfd": ".zst", b"PK\x03\x04": ".zip", b"PK\x05\x06": ".zip"}
PACKED_SUFFIXES = (".gz", ".bz2", ".zst", ".zip")
START_BYTES = 262
_BUFFER_BYTES = 1 << 18


class Readable(Protocol):
    """The little that is asked of a file to be unpacked."""

    def read(self, count: int, /) -> bytes:
        """Return at most so many bytes; none at the end."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class Stream(io.BufferedReader):
    """An input's unpacked bytes, which knows how many of the packed ones were read: what a progress bar wants."""

    def __init__(self, raw: io.RawIOBase, *, consumed: Callable[[], int]) -> None:
        super().__init__(raw, _BUFFER_BYTES)
        self._consumed = consumed

    @property
    def consumed(self) -> int:
        """Packed bytes read so far."""
        return self._consumed()


def packing_of(start: bytes) -> str | None:
    """Return how a file is packed (`.gz`, `.bz2`, `.zst`, `.zip`) by its first bytes, None: not at all.

    >>> packing_of(b"id,text"), packing_of(bytes([0x1F, 0x8B, 8, 0]))
    (None, '.gz')
    """
    if start.startswith(b"BZh") and start[4:10] != b"1AY&SY":  # a text may well begin with these letters
        return None
    return next((packing for magic, packing in _MAGIC.items() if start.startswith(magic)), None)


def unpacked(file: Readable, *, name: str, owner: ExitStack | None = None) -> Stream:
    """Return the unpacked bytes of an open file; it, and what its `owner` holds, is closed with them.

    What packs it is seen in its first bytes, so a `.csv` that is really a .gz is read as well.
    """
    counted = _Counted(file, owner or ExitStack())
    buffered = io.BufferedReader(counted, _BUFFER_BYTES)
    packing = packing_of(buffered.peek(START_BYTES)[:START_BYTES])
    if packing is None:
        return Stream(_Guarded(buffered, buffered, name=name), consumed=lambda: counted.count)
    inner: Readable
    if packing == ".gz":
        inner = gzip.GzipFile(fileobj=buffered, mode="rb")
    elif packing == ".bz2":
        inner = bz2.BZ2File(buffered)
    elif packing == ".zst":
        inner = io.BufferedReader(_Zstandard(buffered), _BUFFER_BYTES)
    else:
        buffered.close()
        raise DataError(f"{name} is a zip archive inside an archive", hint="unpack the outer one first")
    return Stream(_Guarded(inner, buffered, name=name), consumed=lambda: counted.count)


class _Counted(io.RawIOBase):
    """Passes bytes on and counts them."""

    def __init__(self, file: Readable, owner: ExitStack) -> None:
        self._file, self._owner, self.count = file, owner, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        buffer[: len(data)] = data
        self.count += len(data)
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._file.close()
            self._owner.close()
        super().close()


class _Guarded(io.RawIOBase):
    """Says what is wrong with a damaged file in words, with its name."""

    def __init__(self, inner: Readable, outer: Readable, *, name: str) -> None:
        self._inner, self._outer, self._name = inner, outer, name

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._inner.read(len(buffer))
        except EOFError:
            raise DataError(
                f"{self._name} ends too early: the packed file is cut off",
                hint="download or copy it again; nothing was kept of it",
            ) from None
        except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile, zstandard.ZstdError) as error:
            raise DataError(f"{self._name} is damaged: {error}", hint="download or copy it again") from None
        except OSError as error:
            if error.errno is not None:  # the disk or the network, not the content
                raise
            raise DataError(f"{self._name} is damaged: {error}", hint="download or copy it again") from None
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            self._inner.close()
            self._outer.close()
        super().close()


class _Zstandard(io.RawIOBase):
    """Unpacks zstandard frames. The library's own reader takes a cut-off file for a short one; this one does not."""

    _PACKED_BYTES = 4096  # little at a time: 4 KiB can unpack to 128 MiB

    def __init__(self, file: Readable) -> None:
        self._file = file
        self._frame: zstandard.ZstdDecompressionObj | None = None
        self._packed = b""
        self._ready = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._ready:
            if not self._packed:
                self._packed = self._file.read(self._PACKED_BYTES)
            if not self._packed:
                if self._frame is not None:
                    raise EOFError
                return 0
            self._frame = self._frame or zstandard.ZstdDecompressor().decompressobj()
            self._ready = memoryview(self._frame.decompress(self._packed))
            self._packed = self._frame.unused_data
            if self._frame.eof:
                self._frame = None
        count = min(len(buffer), len(self._ready))
        buffer[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count
