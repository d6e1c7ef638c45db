"""From a column: the data says itself which row is in which split."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow.compute as pc

from tamis.core import UsageError
from tamis.data import Dataset
from tamis.split.names import SPLITS, split_name
from tamis.split.stratified import Splits


def split_from_column(dataset: Dataset, column: str, *, names: Mapping[str, str]) -> tuple[Splits, dict[str, str]]:
    """Return each row's split as a number in `SPLITS` (-1 where it is empty), and what each value was read as."""
    counts: dict[str, int] = {}
    parts = [batch.column(0).cast("string") for batch in dataset.batches([column])]
    for part in parts:
        for pair in pc.value_counts(part).to_pylist():
            if pair["values"] is not None:
                counts[pair["values"]] = counts.get(pair["values"], 0) + pair["counts"]
    meaning = {value: split_name(names.get(value, value)) for value in counts if value.strip()}
    unknown = [value for value, name in meaning.items() if name is None]
    if unknown or not meaning:
        listed = ", ".join(f"{value!r} ({counts[value]:,})" for value in sorted(counts, key=lambda v: -counts[v])[:20])
        more = f" and {len(counts) - 20:,} more" if len(counts) > 20 else ""
        raise UsageError(
            f"column {column!r} of {dataset.ref} does not name splits. Values: {listed or 'none'}{more}",
            hint=f"say what they mean: --map {unknown[0]!r}=test (one of {', '.join(SPLITS)})" if unknown else None,
        )
    number = {value: SPLITS.index(name) for value, name in meaning.items() if name is not None}
    values = list(number)
    table = np.array([*number.values(), -1], dtype=np.int8)
    read = [table[np.asarray(pc.fill_null(pc.index_in(part, value_set=_strings(values)), -1))] for part in parts]
    return np.concatenate(read), {value: name for value, name in meaning.items() if name is not None}


def _strings(values: list[str]) -> object:
    import pyarrow as pa

    return pa.array(values, pa.string())
