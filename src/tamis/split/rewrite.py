"""Rewrite: gives the rows of a dataset their `split`, a batch at a time."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tamis.split.names import SPLITS
from tamis.split.stratified import Splits


class Rewrite:
    """The change that makes the new version: called with each batch in order, it adds splits, copies and new rows."""

    def __init__(self, splits: Splits, copies: npt.NDArray[np.int32], appended: pa.Table | None) -> None:
        self._splits, self._copies, self._appended = splits, copies, appended
        self._done = 0
        self._own = len(splits) - (len(appended) if appended is not None else 0)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the rows of one batch as they are to be stored; the hold-out follows the last one."""
        written = self._with_splits(table)
        if self._appended is not None and self._done == self._own:
            written = pa.concat_tables([written, self._with_splits(self._appended).select(written.column_names)])
        return written

    def _with_splits(self, table: pa.Table) -> pa.Table:
        rows = slice(self._done, self._done + len(table))
        self._done += len(table)
        splits, copies = self._splits[rows], self._copies[rows]
        column = pa.array(SPLITS, pa.string()).take(pa.array(splits.astype(np.int64), mask=splits < 0))
        if "split" in table.column_names:
            table = table.set_column(table.column_names.index("split"), "split", column)
        else:
            table = table.append_column("split", column)
        return _repeated(table, copies) if copies.any() else table


def _repeated(table: pa.Table, copies: npt.NDArray[np.int32]) -> pa.Table:
    """Return the table with each row followed by its copies, whose ids are `7#2`, `7#3`…"""
    times = copies.astype(np.int64) + 1
    rows = np.repeat(np.arange(len(times)), times)
    number = np.arange(len(rows)) - np.repeat(np.cumsum(times) - times, times) + 1
    table = table.take(pa.array(rows))
    if "id" not in table.column_names:
        return table
    ids = table["id"].combine_chunks()
    numbered = pc.binary_join_element_wise(ids.cast(pa.string()), pa.array(number).cast(pa.string()), "#")
    named = pc.if_else(pa.array(number > 1), numbered, ids.cast(pa.string()))
    return table.set_column(table.column_names.index("id"), "id", named)
