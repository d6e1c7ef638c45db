"""Said: what a model itself says of one text, and the raw scores by which it says it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.core import Prediction


@dataclass(frozen=True)
class Said:
    """A prediction before any threshold of the request and any fallback."""

    prediction: Prediction
    logits: npt.NDArray[np.float32]
    """What the model computed, before calibration, in the order of the labels."""
    cut: bool
    """Whether the text was longer than what the model was shown."""

    @property
    def raw_scores(self) -> dict[str, float]:
        """The logits by label."""
        return dict(zip(self.prediction.scores, self.logits.tolist(), strict=True))
