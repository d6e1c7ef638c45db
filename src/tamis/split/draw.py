"""Draws: a number for each row that only its id and the seed decide, so that rows keep theirs when others come."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Draws = npt.NDArray[np.uint64]

_ODD = np.uint64(0x9E3779B97F4A7C15)
_ROWS = 8_192  # hashed at a time: their bytes are held as numbers of 8 bytes each


def draws(values: pa.Array, *, seed: int, purpose: str) -> Draws:
    """Return an even draw from 0 to 2**64 for each value; another seed or purpose gives others.

    >>> ids = pa.array(["a", "b"])
    >>> bool((draws(ids, seed=1, purpose="split") == draws(ids, seed=1, purpose="split")).all())
    True
    """
    text = values.cast(pa.large_string()).fill_null("")
    salt = np.uint64(int.from_bytes(purpose.encode()[:8].ljust(8), "little")) ^ np.uint64(seed % 2**64)
    longest = pc.max(pc.binary_length(text)).as_py() or 0
    powers = np.full(longest + 1, _ODD)
    powers = np.multiply.accumulate(powers)
    parts = [_hash(text.slice(start, _ROWS), powers) for start in range(0, len(text), _ROWS)]
    hashes = np.concatenate(parts) if parts else np.zeros(0, np.uint64)
    return mix(hashes ^ mix(np.array([salt]))[0])


def _hash(text: pa.Array, powers: Draws) -> Draws:
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)[text.offset : text.offset + len(text) + 1]
    codes = np.frombuffer(data, dtype=np.uint8)[ends[0] : ends[-1]] if data is not None else np.zeros(0, np.uint8)
    lengths = np.diff(ends)
    place = np.arange(len(codes)) - np.repeat(ends[:-1] - ends[0], lengths)
    running = np.concatenate([[np.uint64(0)], np.cumsum((codes.astype(np.uint64) + np.uint64(1)) * powers[place])])
    return mix(running[ends[1:] - ends[0]] - running[ends[:-1] - ends[0]])


def mix(values: Draws) -> Draws:
    """Spread each number's bits over the whole (splitmix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
