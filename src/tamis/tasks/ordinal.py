"""Ordinal: one label out of several that have an order, such as stars."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, LabelSet
from tamis.tasks.column import label_names, numbers
from tamis.tasks.losses import binary_cross_entropy
from tamis.tasks.softmax import softmax
from tamis.tasks.tally import Tally, needed, tally_classes
from tamis.tasks.task import MASKED, Codes, Floats, Offsets, Strata

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Ordinal:
    """Encodes one of K labels as K-1 answers to "is it above this one?"; a missing label is a row of NaN.

    So to take five stars for four costs less than to take them for one. The order is the label set's.

    >>> task = Ordinal(LabelSet(["1", "2", "3"]))
    >>> task.encode(["1", "3", None]).tolist()
    [[0.0, 0.0], [1.0, 1.0], [nan, nan]]
    >>> task.decode(np.array([[0.9, 0.2], [0.9, 0.8]]))
    ['2', '3']
    """

    label_set: LabelSet
    name: ClassVar[str] = "ordinal"
    hierarchical: ClassVar[bool] = False
    problem_type: ClassVar[str] = "single_label_classification"
    exclusive: ClassVar[bool] = True
    main_metric: ClassVar[str] = "quadratic_kappa"

    def __post_init__(self) -> None:
        if len(self.label_set) < 2:
            raise DataError(f"an ordinal task needs two labels or more, not {len(self.label_set)}")

    def ranks(self, labels: Any) -> Codes:
        """Return the place of each label in the order, from 0; `MASKED` where it is missing."""
        return numbers(label_names(labels), self.label_set)

    def encode(self, labels: Any, *, offsets: Sequence[Offsets] | None = None) -> npt.NDArray[np.float32]:
        """Return K-1 answers a row: 1 where the label is above the first, the second…"""
        ranks = self.ranks(labels)
        above = (ranks[:, None] > np.arange(len(self.label_set) - 1)).astype(np.float32)
        above[ranks == MASKED] = np.nan
        return above

    def decode(self, codes: npt.NDArray[Any], *, offsets: Sequence[Offsets] | None = None) -> list[str | None]:
        """Return one label a row from its K-1 answers, which may be probabilities: above as many as exceed a half."""
        masked = np.isnan(codes).any(axis=1)
        ranks = np.where(masked, MASKED, (codes > 0.5).sum(axis=1))
        return [None if rank == MASKED else self.label_set.names[rank] for rank in ranks.tolist()]

    def truth(self, labels: Any) -> Codes:
        """Return the rank of each row's label."""
        return self.ranks(labels)

    def tally(self, truth: Codes, probabilities: npt.NDArray[np.float64] | None, *, said: Any = None) -> Tally:
        """Return the tally of rows with one label each, with how far off the wrong ones are."""
        scores = needed(probabilities)
        codes = self.most_probable(scores) if said is None else self.ranks(said)
        return tally_classes(self.label_set.names, truth, scores, codes, ordered=True)

    def strata(self, labels: Any) -> Strata:
        """Return the label of each row."""
        return Strata.one_each(self.ranks(labels))

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels: a model has one logit each, so that any reader of the bundle can take their softmax."""
        return self.label_set.names

    def probabilities(self, logits: Floats) -> npt.NDArray[np.float64]:
        """Return probabilities that sum to 1 in each row."""
        return softmax(logits)

    def most_probable(self, probabilities: Floats) -> Codes:
        """Return the rank of the median label of each row: above as many as it is more likely above than not."""
        above = 1 - np.cumsum(probabilities, axis=1)[:, :-1]
        return np.asarray((above > 0.5).sum(axis=1))

    def choose(self, probabilities: Floats) -> list[str | None]:
        """Return the median label of each row."""
        return [self.label_set.names[rank] for rank in self.most_probable(probabilities).tolist()]

    def loss(
        self,
        logits: torch.Tensor,
        targets: torch.Tensor,
        *,
        weights: torch.Tensor | None,
        smoothing: float,
        focal: float,
    ) -> torch.Tensor:
        """Return how wrong the K-1 answers "is it above?" are, each asked of the sums of the labels' probabilities.

        `weights` are those of the labels; a row's is that of its own label.
        """
        import torch

        scores = logits.float().log_softmax(-1)
        log_below = scores.logcumsumexp(-1)[..., :-1].clamp(max=-1e-7)  # log P(y <= k)
        log_above = scores.flip(-1).logcumsumexp(-1).flip(-1)[..., 1:].clamp(max=-1e-7)  # log P(y > k)
        rows = binary_cross_entropy(log_above, log_below, targets, weights=None, smoothing=smoothing, focal=focal)
        return rows if weights is None else rows * weights[torch.nan_to_num(targets).sum(-1).long()]
