"""Families: which kinds of model can be trained, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tamis.train.config import TrainSettings
from tamis.train.family import Fit
from tamis.train.linear import fit_linear


@dataclass(frozen=True, kw_only=True)
class Family:
    """One kind of model: how it is fitted, what is checked before, and how many bytes a run writes."""

    fit: Fit
    check: Callable[[TrainSettings], None] = lambda settings: None
    """Raises what is wrong with the settings before any work is done: no such backbone, no GPU."""
    starts_from: Callable[[TrainSettings], str] = lambda settings: ""
    """The fingerprint of the weights it starts from."""
    bytes_needed: Callable[[TrainSettings], int] = lambda settings: 50_000_000


FAMILIES: Mapping[str, Family] = {
    "linear": Family(fit=fit_linear),
}
