"""MultiLabel: each text has any number of labels, which may imply each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from tamis.core import LabelSet
from tamis.tasks.column import label_lists, numbers
from tamis.tasks.hierarchy import ancestors
from tamis.tasks.losses import binary_cross_entropy
from tamis.tasks.softmax import sigmoid
from tamis.tasks.tally import Tally, needed, tally_sets
from tamis.tasks.task import MASKED, Codes, Floats, Offsets, Strata

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

_ROWS = 16_384  # of the rows x labels table that `strata` holds at a time


@dataclass(frozen=True)
class MultiLabel:
    """Encodes labels as a row of 0 and 1, one place a label; a row without label (None) is NaN, an empty list all 0.

    With `parents`, a child implies its parent: it is switched on with the child, whether the data say so or not.

    >>> task = MultiLabel(LabelSet(["OFF", "UNT"]), parents={"UNT": "OFF"})
    >>> task.encode([["UNT"], [], None]).tolist()
    [[1.0, 1.0], [0.0, 0.0], [nan, nan]]
    >>> task.decode(np.array([[0.2, 0.9], [0.0, 0.0]]))
    [('OFF', 'UNT'), ()]
    """

    label_set: LabelSet
    parents: Mapping[str, str] = field(default_factory=dict)
    name: ClassVar[str] = "multi_label"
    hierarchical: ClassVar[bool] = True
    problem_type: ClassVar[str] = "multi_label_classification"
    exclusive: ClassVar[bool] = False
    main_metric: ClassVar[str] = "macro_f1"

    def __post_init__(self) -> None:
        ancestors(self.label_set, self.parents)  # tell of a wrong hierarchy now and not in the middle of the work

    @cached_property
    def _implies(self) -> npt.NDArray[np.bool_]:
        return ancestors(self.label_set, self.parents)

    def encode(self, labels: Any, *, offsets: Sequence[Offsets] | None = None) -> npt.NDArray[np.float32]:
        """Return a place for each label and row: 1 where the row bears the label or one that implies it."""
        bears, known = self._indicator(label_lists(labels))
        encoded = self._close(bears).astype(np.float32)
        encoded[~known] = np.nan
        return encoded

    def decode(
        self, codes: npt.NDArray[Any], *, offsets: Sequence[Offsets] | None = None
    ) -> list[tuple[str, ...] | None]:
        """Return the labels of each row whose number is above a half, and those they imply."""
        masked = np.isnan(codes).any(axis=1)
        strata = Strata.of_indicator(self._close(codes > 0.5), ~masked)
        names = self.label_set.names
        return [
            None if masked[row] else tuple(names[code] for code in strata.of(row).tolist() if code < len(names))
            for row in range(len(strata))
        ]

    def truth(self, labels: Any) -> npt.NDArray[np.float32]:
        """Return a place for each label and row, 0 or 1; a row without label is NaN."""
        return self.encode(labels)

    def tally(self, truth: Floats, probabilities: npt.NDArray[np.float64] | None, *, said: Any = None) -> Tally:
        """Return the tally of rows with sets of labels; what was said is taken as it is, parents or not."""
        scores = needed(probabilities)
        if said is None:
            bears, answered = self.most_probable(scores), np.ones(len(scores), np.bool_)
        else:
            bears, answered = self._indicator(label_lists(said))
        consistent = (self._close(bears) == bears).all(axis=1) if self.parents else None
        return tally_sets(self.label_set.names, truth, scores, bears, answered=answered, consistent=consistent)

    def strata(self, labels: Any) -> Strata:
        """Return the labels of each row, the implied ones among them."""
        array = label_lists(labels)
        parts = []
        for start in range(0, len(array), _ROWS):
            bears, known = self._indicator(array.slice(start, _ROWS))
            parts.append(Strata.of_indicator(self._close(bears), known))
        return Strata.concat(parts)

    def inconsistent(self, labels: Any) -> Codes:
        """Return the row numbers (from 0) that bear a label without the ones it implies."""
        bears, _ = self._indicator(label_lists(labels))
        return np.flatnonzero((self._close(bears) != bears).any(axis=1))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels."""
        return self.label_set.names

    def probabilities(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return a probability of its own for each label; a parent is at least as probable as its children."""
        probabilities = sigmoid(logits)
        for number in range(len(self.label_set)) if self.parents else ():
            children = np.flatnonzero(self._implies[:, number])  # itself among them
            probabilities[:, number] = probabilities[:, children].max(axis=1)
        return probabilities

    def most_probable(self, probabilities: Floats) -> npt.NDArray[np.bool_]:
        """Return for each row and label whether it, or one that implies it, is more likely than not."""
        return self._close(probabilities > 0.5)

    def choose(self, probabilities: Floats) -> list[tuple[str, ...] | None]:
        """Return the labels of each row that are more likely than not."""
        return self.decode(probabilities)

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        *,
        weights: torch.Tensor | None,
        smoothing: float,
        focal: float,
    ) -> torch.Tensor:
        """Return the mean over the labels of how wrong each answer is."""
        from torch.nn.functional import logsigmoid

        yes, no = logsigmoid(logits.float()), logsigmoid(-logits.float())
        return binary_cross_entropy(yes, no, targets, weights=weights, smoothing=smoothing, focal=focal)

    def _close(self, bears: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        if not self.parents:
            return bears
        closed = bears.copy()
        for child in self.parents:
            number = self.label_set.index(child)
            closed |= bears[:, number, None] & self._implies[number]
        return closed

    def _indicator(self, array: pa.Array) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
        known = np.asarray(array.is_valid())
        codes = numbers(array.flatten(), self.label_set)
        lengths = np.asarray(array.value_lengths().fill_null(0), dtype=np.int64)
        rows = np.repeat(np.arange(len(array)), lengths)
        named = codes != MASKED  # a null inside a list names no label
        bears = np.zeros((len(array), len(self.label_set)), dtype=np.bool_)
        bears[rows[named], codes[named]] = True
        return bears, known
