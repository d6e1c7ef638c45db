"""DecideSettings: the `decide` section of tamis.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tamis.core import Settings


class DecideSettings(Settings):
    """The `decide` section of tamis.yaml."""

    calibration: Literal["auto", "none", "temperature", "vector", "isotonic"] = "auto"
    """How scores become probabilities; auto takes the simplest with the lowest log-loss on rows it did not see."""
    goal: Literal["auto", "none", "precision", "coverage", "cost", "f1"] = "auto"
    """When a label is said: the most probable, or all that are likelier than not (none); as often as `precision` or
    `coverage` allows; where it costs less than a review (cost); with several labels a text, for the best F1 (f1).
    auto is f1 with several labels a text, else none."""
    precision: float = Field(default=0.95, gt=0, lt=1)
    """With goal precision: the share of what is said that must be right, for each label."""
    precision_for: Literal["each", "all"] = "each"
    """Whether the precision is promised for each label by itself, or, with many more answers, for all together."""
    coverage: float = Field(default=0.8, gt=0, le=1)
    """With goal coverage: the share of texts that must get an answer."""
    costs: dict[str, dict[str, float]] = Field(default_factory=dict)
    """With goal cost: costs[true][said]; a label taken for another costs 1 unless it stands here. With several labels
    a text: costs[label] with `wrong` (said, not true) and `missed` (true, not said)."""
    review_cost: float | None = Field(default=None, ge=0)
    """With goal cost: what it costs that a person looks at a text; none: nobody looks."""
    empty: Literal["allow", "top", "silent"] = "allow"
    """With several labels a text, when none passes: say that there is none, say the most probable, or keep silent."""
    unknown: Literal["none", "auto", "energy", "mahalanobis", "neighbours"] = "none"
    """How text that is like nothing in training is told; auto takes what tells labels left out the best."""
    unknown_share: float = Field(default=0.02, gt=0, lt=0.5)
    """The share of known text that may be taken for unknown."""
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    """How sure a promise must be."""
    promise_share: float = Field(default=0.4, gt=0, lt=1)
    """The share of the calibration rows on which the promise is checked and nothing is fitted."""
    seed: int = 0
    """For folds and splits."""
