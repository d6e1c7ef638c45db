"""RowHash: the fingerprint of rows, whatever batches and files they come in."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class RowHash:
    """Takes Arrow tables in row order and names their whole content.

    Each column is a few byte streams (validity, lengths, values), each with a hash of its own, so where one batch
    ends and the next begins leaves no trace.

    >>> one, two = RowHash(), RowHash()
    >>> one.add(pa.table({"a": ["x", None, "z"]}))
    >>> two.add(pa.table({"a": ["x"]})); two.add(pa.table({"a": [None, "z"]}))
    >>> one.hexdigest() == two.hexdigest()
    True
    """

    def __init__(self) -> None:
        self._streams: dict[str, hashlib.blake2b] = {}

    def add(self, table: pa.Table) -> None:
        """Take the next rows."""
        for name, column in zip(table.column_names, table.columns, strict=True):
            for chunk in column.chunks:
                self._add(name, chunk)

    def hexdigest(self) -> str:
        """Return the fingerprint of all rows taken so far; the order of columns does not count."""
        whole = hashlib.blake2b(digest_size=16)
        for name in sorted(self._streams):
            whole.update(f"{len(name.encode())}:{name}".encode() + self._streams[name].digest())
        return whole.hexdigest()

    def _feed(self, stream: str, data: object) -> None:
        if stream not in self._streams:
            self._streams[stream] = hashlib.blake2b(digest_size=16)
        self._streams[stream].update(data)  # type: ignore[arg-type]

    def _add(self, path: str, array: pa.Array) -> None:
        kind = array.type
        if pa.types.is_dictionary(kind):
            self._add(path, array.dictionary_decode())
            return
        if pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
            self._add(path, array.cast(pa.string()))
            return
        # named even when empty, so that a column of no rows still counts
        self._feed(f"{path}/{kind}", b"")
        self._feed(f"{path}/valid", _bytes(array.is_valid()))
        if pa.types.is_null(kind):
            return
        if pa.types.is_struct(kind):
            for field, child in zip(kind, array.flatten(), strict=True):
                self._add(f"{path}.{field.name}", child)
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            self._feed(f"{path}/length", _bytes(pc.list_value_length(array).cast(pa.int32())))
            self._add(f"{path}[]", array.flatten())
        elif pa.types.is_string(kind) or pa.types.is_binary(kind):
            self._feed(f"{path}/length", _bytes(pc.binary_length(array)))
            solid = array if array.null_count == 0 else pc.fill_null(array, "" if pa.types.is_string(kind) else b"")
            _, offsets, data = solid.buffers()
            ends = np.frombuffer(offsets, dtype=np.int32)[solid.offset : solid.offset + len(solid) + 1]
            if data is not None and len(solid):
                self._feed(f"{path}/data", memoryview(data)[ends[0] : ends[-1]])
        else:
            self._feed(f"{path}/data", _bytes(array))


def _bytes(array: pa.Array) -> bytes:
    """The values of a fixed-width array, one after the other; a missing one counts as zero."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    if array.null_count:
        array = pc.fill_null(array.view(_unsigned(array.type)), 0)
    width = array.type.bit_width // 8
    data = array.buffers()[1]
    return b"" if data is None else bytes(memoryview(data)[array.offset * width : (array.offset + len(array)) * width])


def _unsigned(kind: pa.DataType) -> pa.DataType:
    return {8: pa.uint8(), 16: pa.uint16(), 32: pa.uint32(), 64: pa.uint64()}.get(kind.bit_width, kind)
