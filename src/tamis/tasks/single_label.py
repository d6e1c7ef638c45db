"""SingleLabel: each text has one label out of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from tamis.core import LabelSet
from tamis.tasks.column import label_names, numbers
from tamis.tasks.losses import cross_entropy
from tamis.tasks.softmax import softmax
from tamis.tasks.tally import Tally, needed, tally_classes
from tamis.tasks.task import MASKED, Codes, Floats, Offsets, Strata

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class SingleLabel:
    """Encodes a label as its number in the label set; a missing label is `MASKED` (-1).

    >>> task = SingleLabel(LabelSet(["ham", "spam"]))
    >>> codes = task.encode(["spam", None, "ham"])
    >>> codes.tolist()
    [1, -1, 0]
    >>> task.decode(codes)
    ['spam', None, 'ham']
    """

    label_set: LabelSet
    name: ClassVar[str] = "single_label"
    hierarchical: ClassVar[bool] = False
    problem_type: ClassVar[str] = "single_label_classification"
    exclusive: ClassVar[bool] = True
    main_metric: ClassVar[str] = "macro_f1"

    def encode(self, labels: Any, *, offsets: Sequence[Offsets] | None = None) -> Codes:
        """Return one number a row."""
        return numbers(label_names(labels), self.label_set)

    def decode(self, codes: npt.NDArray[Any], *, offsets: Sequence[Offsets] | None = None) -> list[str | None]:
        """Return one label a row."""
        return [None if code == MASKED else self.label_set.names[code] for code in codes.tolist()]

    def truth(self, labels: Any) -> Codes:
        """Return the number of each row's label."""
        return self.encode(labels)

    def tally(self, truth: Codes, probabilities: npt.NDArray[np.float64] | None, *, said: Any = None) -> Tally:
        """Return the tally of rows with one label each."""
        scores = needed(probabilities)
        codes = self.most_probable(scores) if said is None else self.encode(said)
        return tally_classes(self.label_set.names, truth, scores, codes)

    def strata(self, labels: Any) -> Strata:
        """Return the label of each row."""
        return Strata.one_each(self.encode(labels))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels."""
        return self.label_set.names

    def probabilities(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return probabilities that sum to 1 in each row."""
        return softmax(logits)

    def most_probable(self, probabilities: Floats) -> Codes:
        """Return the number of the most probable label of each row."""
        return np.asarray(probabilities.argmax(axis=1))

    def choose(self, probabilities: Floats) -> list[str | None]:
        """Return the most probable label of each row."""
        return self.decode(self.most_probable(probabilities))

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        *,
        weights: torch.Tensor | None,
        smoothing: float,
        focal: float,
    ) -> torch.Tensor:
        """Return the cross-entropy of each row."""
        return cross_entropy(logits, targets, weights=weights, smoothing=smoothing, focal=focal)
