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
        array = _plain(array)
        kind = array.type
        # named even when empty, so that a column of no rows still counts
        self._feed(f"{path}/{_name(kind)}", b"")
        self._feed(f"{path}/valid", _bytes(array.is_valid()))
        if pa.types.is_null(kind):
            return
        if pa.types.is_struct(kind):
            for field, child in zip(kind, array.flatten(), strict=True):
                self._add(f"{path}.{field.name}", child)
        elif pa.types.is_fixed_size_list(kind):
            self._add(f"{path}[]", array.flatten())
        elif pa.types.is_list(kind) or pa.types.is_large_list(kind):
            lengths = np.diff(np.asarray(array.offsets, dtype=np.int64))
            lengths[np.asarray(array.is_null())] = 0
            self._feed(f"{path}/length", lengths.tobytes())
            self._add(f"{path}[]", array.flatten())
        elif _is_text_or_bytes(kind):
            self._feed(f"{path}/length", _bytes(pc.binary_length(array).cast(pa.int64())))
            solid = array if array.null_count == 0 else pc.fill_null(array, pa.scalar("", pa.string()).cast(kind))
            _, offsets, data = solid.buffers()
            if data is not None and len(solid):
                size = np.int64 if pa.types.is_large_string(kind) or pa.types.is_large_binary(kind) else np.int32
                ends = np.frombuffer(offsets, dtype=size)[solid.offset : solid.offset + len(solid) + 1]
                self._feed(f"{path}/data", memoryview(data)[ends[0] : ends[-1]])
        else:
            self._feed(f"{path}/data", _bytes(array))


def _plain(array: pa.Array) -> pa.Array:
    """The same values without an encoding of their own: one value has one form, whatever memory it lies in."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return _plain(array.dictionary_decode())
    if pa.types.is_run_end_encoded(kind):
        return _plain(pc.run_end_decode(array))
    if pa.types.is_string_view(kind):
        return array.cast(pa.large_string())
    if pa.types.is_binary_view(kind):
        return array.cast(pa.large_binary())
    if pa.types.is_map(kind):
        pairs = pa.StructArray.from_arrays([array.keys, array.items], names=["key", "value"])
        borders = pa.array(np.asarray(array.offsets))
        return pa.ListArray.from_arrays(borders, pairs, mask=array.is_null() if array.null_count else None)
    if isinstance(kind, pa.BaseExtensionType):
        return _plain(array.storage)
    return array


def _name(kind: pa.DataType) -> str:
    """What a type is called here: strings are strings, however large."""
    if pa.types.is_large_string(kind):
        return "string"
    if pa.types.is_large_binary(kind):
        return "binary"
    if pa.types.is_nested(kind):  # what is inside speaks for itself
        return {"large_list": "list"}.get(str(kind).partition("<")[0], str(kind).partition("<")[0])
    return str(kind)


def _is_text_or_bytes(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    )


def _bytes(array: pa.Array) -> bytes:
    """The values of a fixed-width array, one after the other; a missing one counts as zero."""
    if pa.types.is_boolean(array.type):
        array = array.cast(pa.uint8())
    width, data = array.type.bit_width // 8, array.buffers()[1]
    if data is None or not len(array):
        return b""
    values = memoryview(data)[array.offset * width : (array.offset + len(array)) * width]
    if not array.null_count:
        return bytes(values)
    cells = np.frombuffer(values, dtype=np.uint8).reshape(len(array), width).copy()
    cells[np.asarray(array.is_null())] = 0
    return cells.tobytes()
