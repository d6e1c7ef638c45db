"""Prediction: what a model says of one text, the same object from Python, the command line, files and HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """A decision with its scores, or `None` with the reason why the model keeps silent.

    >>> Prediction(id="7", label=None, scores={"ham": 0.5, "spam": 0.5}, reason="low_confidence", model="m@1").decided
    False
    """

    id: str
    label: str | tuple[str, ...] | None
    scores: Mapping[str, float] = field(default_factory=dict)
    score: float | None = None
    reason: str = "confident"
    model: str = ""

    @property
    def decided(self) -> bool:
        """True when the model gave a label."""
        return self.label is not None

    def to_dict(self) -> dict[str, object]:
        """Return the prediction as JSON-ready values; several labels stand under `labels`."""
        values = asdict(self)
        if isinstance(self.label, tuple):
            values["labels"] = list(values.pop("label"))
        return values
