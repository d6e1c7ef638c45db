"""The tally of spans: a span counts as found when both ends and the label are exact."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from tamis.core import DataError, LabelSet
from tamis.tasks.iob import Span
from tamis.tasks.tally.counts import Counts, Marks
from tamis.tasks.tally.means import Means
from tamis.tasks.tally.tally import Tally

SpanRows = Sequence[Sequence[Span] | None]


def tally_spans(label_set: LabelSet, truth: SpanRows, said: SpanRows) -> Tally:
    """Return the tally of rows with spans; None is a row without label, or one the model kept silent on."""
    if len(said) != len(truth):
        raise DataError(f"{len(said)} answers came for {len(truth)} rows with labels")
    known = np.array([spans is not None for spans in truth], np.bool_)
    marks: dict[str, list[tuple[int, int]]] = {"true": [], "said": [], "both": []}
    exact, coverage = np.full(int(known.sum()), np.nan), np.zeros(int(known.sum()))
    for row, number in enumerate(np.flatnonzero(known).tolist()):
        wanted, found = truth[number], said[number]
        if wanted is None or found is None:
            continue
        one, other = Counter(map(tuple, wanted)), Counter(map(tuple, found))
        exact[row], coverage[row] = one == other, 1.0
        for name, spans in (("true", one), ("said", other), ("both", one & other)):
            marks[name] += [(row, label_set.index(str(span[2]))) for span in spans.elements()]
    means = Means({"exact_rows": exact, "coverage": coverage})
    return Tally(label_set.names, known, (means, Counts(len(label_set), **{k: _marks(v) for k, v in marks.items()})))


def _marks(pairs: list[tuple[int, int]]) -> Marks:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return Marks(table[:, 0], table[:, 1])
