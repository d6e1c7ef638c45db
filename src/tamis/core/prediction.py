"""Prediction: what a model says of one text, the same object from Python, the command line, files and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A decision with its scores, or `None` with the reason why the model keeps silent.

    >>> Prediction(id="7", label=None, scores={"ham": 0.5, "spam": 0.5}, reason="low_confidence", model="m@1").decided
    False
    """

    id: str
    label: str | tuple[str, ...] | None
    several: bool = False
    """True where a text may have several labels, so that `label` is a tuple, or None where nothing is said."""
    scores: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None
    reason: str = "confident"
    model: str = ""

    @property
    def decided(self) -> bool:
        """True when the model gave a label."""
        return self.label is not None

    def to_dict(self) -> dict[str, object]:
        """Return the prediction as JSON-ready values; where a text may have several labels, `labels` is for `label`."""
        said = list(self.label) if isinstance(self.label, tuple) else self.label
        return {
            "id": self.id,
            "labels" if self.several else "label": said,
            "scores": dict(self.scores),
            "score": self.score,
            "reason": self.reason,
            "model": self.model,
        }
