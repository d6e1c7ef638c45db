"""Labels as an Arrow column, whatever they came as, with their numbers in a label set.

Arrow is imported when labels come: whoever only predicts needs none of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, LabelSet
from tamis.tasks.task import MASKED

if TYPE_CHECKING:
    import pyarrow as pa


def label_names(labels: Any) -> pa.Array:
    """Return labels as one Arrow array of names."""
    import pyarrow as pa

    return _column(labels, pa.string(), form="one label a row")


def label_lists(labels: Any) -> pa.Array:
    """Return labels as one Arrow array of lists of names."""
    import pyarrow as pa

    return _column(labels, pa.list_(pa.string()), form="a list of labels a row")


def label_spans(labels: Any) -> pa.Array:
    """Return labels as one Arrow array of lists of spans."""
    import pyarrow as pa

    span = pa.struct([("start", pa.int32()), ("end", pa.int32()), ("label", pa.string())])
    return _column(labels, pa.list_(span), form="a list of spans (start, end, label) a row")


def numbers(names: pa.Array, label_set: LabelSet) -> npt.NDArray[np.int64]:
    """Return the number of each label name, `MASKED` where it is missing; an unknown name is an error."""
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.index_in(names, value_set=pa.array(label_set.names, pa.string()))
    unknown = pc.and_(pc.is_null(found), pc.is_valid(names))
    if pc.any(unknown).as_py():
        label_set.index(names.filter(unknown)[0].as_py())  # its error names the nearest known label
    return np.asarray(pc.fill_null(found, MASKED).cast(pa.int64()))


def _column(labels: Any, kind: pa.DataType, *, form: str) -> pa.Array:
    """Return labels as one Arrow array of `kind`; `form` says in words what the task wants."""
    import pyarrow as pa

    try:
        array = labels if isinstance(labels, pa.Array | pa.ChunkedArray) else pa.array(labels)
        if isinstance(array, pa.ChunkedArray):
            array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
        return array.cast(kind)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, TypeError) as error:
        raise DataError(f"these labels are not {form}: {error}") from None
