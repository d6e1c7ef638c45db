"""IdCheck: finds ids that several rows share, and makes them unique with the row's number."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

_SHOWN = 3


class IdCheck:
    """Watches ids go by at eight bytes a row. When some repeat, a second pass gives the later ones `id#row`.

    In the usual case, where every id is another, one pass is all.
    """

    def __init__(self) -> None:
        self.repeated = 0
        self.examples: tuple[str, ...] = ()
        self._prints: list[np.ndarray] = []
        self._suspects: np.ndarray | None = None
        self._seen: set[str] = set()

    def restart(self) -> None:
        """Begin at the first row again."""
        self._prints, self._seen, self.repeated, self.examples = [], set(), 0, ()

    def unique(self, table: pa.Table, numbers: pa.Array | None) -> pa.Table:
        """Return the table with ids that no earlier row has, as far as they are known to repeat."""
        import polars as pl

        ids = table["id"]
        prints = pl.from_arrow(ids).hash(0).to_numpy()  # type: ignore[union-attr]
        if self._suspects is None:
            self._prints.append(prints)
            return table
        places = np.flatnonzero(np.isin(prints, self._suspects))
        if not len(places):
            return table
        values = ids.to_pylist()
        for place in places.tolist():
            value = values[place]
            if value in self._seen:
                number = place + 1 if numbers is None else numbers[place].as_py()
                values[place] = f"{value}#{number}"
                self.repeated += 1
                if len(self.examples) < _SHOWN and value not in self.examples:
                    self.examples += (value,)
            self._seen.add(values[place])
        return table.set_column(table.schema.get_field_index("id"), "id", pa.array(values, pa.string()))

    def found_repeats(self) -> bool:
        """Tell after the first pass whether a second is needed; after that, no."""
        if self._suspects is not None or not self._prints:
            return False
        prints = np.sort(np.concatenate(self._prints))
        self._prints = []
        twice = prints[1:][prints[1:] == prints[:-1]]
        if not len(twice):
            return False
        self._suspects = np.unique(twice)
        return True
