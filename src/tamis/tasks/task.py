"""Task: what a kind of label must be able to do, so that nobody else asks which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from tamis.core import LabelSet

if TYPE_CHECKING:
    import torch

    from tamis.tasks.tally import Tally

Floats = npt.NDArray[np.floating[Any]]
Codes = npt.NDArray[np.int64]
Offsets = Sequence[tuple[int, int]]
"""Where the tokens of one text lie in it: character offsets, end exclusive; (0, 0) is a special token."""

MASKED = -1
"""The code of what carries no label: a row that nobody labelled, a padding token. Losses and metrics skip it."""


class Task(Protocol):
    """Owns a label set, and turns labels into numbers and back.

    `labels` is what a dataset's `label` column holds: an Arrow array, or a sequence of Python values, None for a row
    without label.
    """

    name: ClassVar[str]
    hierarchical: ClassVar[bool]
    """True when the task takes `parents`."""
    problem_type: ClassVar[str]
    """What Hugging Face calls the way from scores to labels, as `config.json` says it."""
    exclusive: ClassVar[bool]
    """True when the probabilities of the outputs sum to 1, False when each output is a question of its own."""
    main_metric: ClassVar[str]
    """The one measure that a model is chosen by; of all main metrics more is better."""

    @property
    def label_set(self) -> LabelSet:
        """The labels in their saved order."""
        ...

    def encode(self, labels: Any, *, offsets: Sequence[Offsets] | None = None) -> npt.NDArray[Any]:
        """Return one row of numbers for each row of labels; only `spans` reads the tokens' offsets."""
        ...

    def decode(self, codes: npt.NDArray[Any], *, offsets: Sequence[Offsets] | None = None) -> list[Any]:
        """Return the labels that the numbers stand for; None where they are masked."""
        ...

    def truth(self, labels: Any) -> Any:
        """Return labels as scores compare them: a number a row (`MASKED` without label), a row of 0 and 1 (NaN), spans.

        It is what `tally` and the fits of `decide` take.
        """
        ...

    def tally(self, truth: Any, probabilities: npt.NDArray[np.float64] | None, *, said: Any = None) -> Tally:
        """Return what scores rows under any weights: `task.tally(task.truth(labels), probabilities).score()`.

        `said` are labels as a `Prediction` has them, None where the model kept silent: such rows count in `coverage`
        only. Without it, `choose` decides. Spans have no probabilities and need `said`.
        """
        ...

    def strata(self, labels: Any) -> Strata:
        """Return what a fair split has to share out: which labels each row bears."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """The names of a model's outputs, in the order of its logits: the labels, or for spans the tags of a token."""
        ...

    def probabilities(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return the probability of each output, row by row; a child label is never more probable than its parent."""
        ...

    def most_probable(self, probabilities: Floats) -> npt.NDArray[Any]:
        """Return what is most probable of each row: the number of one label, or yes and no for each of several."""
        ...

    def choose(self, probabilities: Floats) -> list[Any]:
        """Return what is most probable of each row, as `decode` would say it; nothing keeps silent here."""
        ...

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        *,
        weights: torch.Tensor | None,
        smoothing: float,
        focal: float,
    ) -> torch.Tensor:
        """Return the loss of each row, 0 where `targets` (from `encode`) is masked, ready for a mean.

        `weights` is one number an output (class weights), `smoothing` moves so much of the target to the others,
        `focal` is the exponent that makes easy rows count less (0: none).
        """
        ...


@dataclass(frozen=True)
class Strata:
    """For each row the numbers of the labels it bears, one after the other.

    Row `r` bears `codes[offsets[r]:offsets[r + 1]]`, each once and ascending. A row that nobody labelled bears none;
    one that somebody found to bear no label (an empty list) bears the last number, `len(label_set)`.

    >>> strata = Strata(offsets=np.array([0, 1, 1, 3]), codes=np.array([0, 0, 1]))
    >>> len(strata), strata.of(2).tolist()
    (3, [0, 1])
    """

    offsets: Codes
    codes: npt.NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def of(self, row: int) -> npt.NDArray[np.int32]:
        """Return the label numbers of one row."""
        return self.codes[self.offsets[row] : self.offsets[row + 1]]

    @property
    def sizes(self) -> Codes:
        """How many labels each row bears; 0 is a row without label."""
        return np.diff(self.offsets)

    @classmethod
    def one_each(cls, codes: npt.NDArray[Any]) -> Strata:
        """Return the strata of rows with one label each, or `MASKED`."""
        known = codes != MASKED
        return cls(offsets=_running(known), codes=codes[known].astype(np.int32))

    @classmethod
    def of_indicator(cls, bears: npt.NDArray[np.bool_], known: npt.NDArray[np.bool_]) -> Strata:
        """Return the strata of a rows x labels table of yes and no; `known` says which rows have labels at all."""
        marked = np.column_stack([bears, ~bears.any(axis=1)]) & known[:, None]
        return cls(offsets=_running(marked.sum(axis=1)), codes=np.nonzero(marked)[1].astype(np.int32))

    @classmethod
    def concat(cls, parts: Sequence[Strata]) -> Strata:
        """Return the strata of batches as those of their rows, one batch after the other."""
        sizes = np.concatenate([part.sizes for part in parts]) if parts else np.zeros(0, np.int64)
        codes = np.concatenate([part.codes for part in parts]) if parts else np.zeros(0, np.int32)
        return cls(offsets=_running(sizes), codes=codes)


def _running(sizes: npt.NDArray[Any]) -> Codes:
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
