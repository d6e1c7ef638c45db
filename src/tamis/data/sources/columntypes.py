"""Column types: numbers, truths and dates where every value is one; a value that only looks like one stays text."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

_SECONDS = r"^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?"
_FORMS: tuple[tuple[str, pa.DataType], ...] = (
    (r"^-?(0|[1-9]\d{0,17})$", pa.int64()),  # 007 is a name, not the number seven
    (r"^-?(0|[1-9]\d{0,14})(\.\d+)?([eE][+-]?\d{1,3})?$", pa.float64()),
    (r"^(true|false|True|False|TRUE|FALSE)$", pa.bool_()),
    (r"^\d{4}-\d\d-\d\d$", pa.date32()),
    (_SECONDS + "$", pa.timestamp("us")),
    (_SECONDS + r"(Z|[+-]\d\d(:?\d\d)?)$", pa.timestamp("us", tz="UTC")),
)
TRUE_WORDS = ("true", "True", "TRUE")
FALSE_WORDS = ("false", "False", "FALSE")


def type_of(texts: pa.ChunkedArray) -> pa.DataType:
    """Return the narrowest type that every text has the form of; string when there is none.

    >>> type_of(pa.chunked_array([["1", "20"]])), type_of(pa.chunked_array([["007", "20"]]))
    (DataType(int64), DataType(string))
    """
    present = texts.drop_null()
    if not len(present):
        return pa.string()
    for form, kind in _FORMS:
        if pc.all(pc.match_substring_regex(present, form)).as_py() and typed(texts, kind) is not None:
            return kind
    return pa.string()


def typed(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray | None:
    """Return the texts as values of `kind`, or None when one of them is not."""
    if pa.types.is_string(kind):
        return texts
    try:
        if pa.types.is_boolean(kind):
            words = pa.array([*TRUE_WORDS, *FALSE_WORDS])
            if not pc.all(pc.is_in(texts.drop_null(), words)).as_py():
                return None
            return pc.if_else(pc.is_null(texts), None, pc.is_in(texts, pa.array(TRUE_WORDS)))
        return texts.cast(kind)
    except pa.ArrowInvalid:
        return None


def wider(texts: pa.ChunkedArray, kind: pa.DataType) -> pa.DataType:
    """Return the type for a column of `kind` that also holds these texts, which do not fit it."""
    return pa.float64() if pa.types.is_integer(kind) and type_of(texts) == pa.float64() else pa.string()


def types_of(columns: Sequence[pa.ChunkedArray]) -> list[pa.DataType]:
    """Return the type of each column of texts."""
    return [type_of(column) for column in columns]
