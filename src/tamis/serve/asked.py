"""Asked and Answered: one request and its answer, whatever wire format they came by."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tamis.core import Prediction
from tamis.decide import LOW_CONFIDENCE
from tamis.serve.said import Said


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a request wants to know."""

    texts: Sequence[str | None]
    request_id: str
    ids: Sequence[str] | None = None
    """The caller's own names of the texts."""
    model: str | None = None
    version: str | None = None
    key: str | None = None
    """What always gets the same version while traffic is shared, such as a user; by default each request for itself."""
    threshold: float | None = None
    """Keep silent below this score, even where the model's own rule would speak."""
    deadline_seconds: float | None = None
    whole: bool = False
    """Refuse a text of which the model would read a part only."""
    metadata: Mapping[str, object] = field(default_factory=dict)
    """The caller's own words about the request, kept with the answer."""

    def names(self) -> list[str]:
        """Return the id of each prediction: the caller's, or one by which the answer can be found again."""
        if self.ids is not None:
            return list(self.ids)
        if len(self.texts) == 1:
            return [self.request_id]
        return [f"{self.request_id}-{number}" for number in range(1, len(self.texts) + 1)]


@dataclass(frozen=True)
class SteppedIn:
    """A fallback that answered where the model would not."""

    by: str
    """Which: `label`, `rule 2`, or the second model's name."""
    instead_of: Prediction
    """What the model itself said, with all its scores."""


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What was said of each text."""

    request_id: str
    predictions: list[Prediction]
    route: str
    """The name under which the model is served."""
    version: str
    fallbacks: Mapping[int, SteppedIn]
    """By the number of the text, from 0."""
    seconds: float
    own: Sequence[Said] = ()
    """What the model itself said of each text, with its raw scores."""
    at: float = field(default_factory=time.time)


def tightened(prediction: Prediction, threshold: float | None) -> Prediction:
    """Return the prediction, silent where its score is below a threshold; a rule is never loosened.

    >>> said = Prediction(id="1", label="spam", score=0.8, scores={"spam": 0.8, "ham": 0.2})
    >>> tightened(said, 0.9).label is None, tightened(said, 0.9).scores["spam"]
    (True, 0.8)
    """
    if threshold is None or prediction.label is None or (prediction.score or 0.0) >= threshold:
        return prediction
    return replace(prediction, label=None, reason=LOW_CONFIDENCE)
