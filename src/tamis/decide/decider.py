"""Decider: raw scores in, predictions out, the same from every surface."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import Prediction
from tamis.decide.calibration import Calibration
from tamis.decide.rule import Rule
from tamis.decide.unknown import Unknown
from tamis.tasks import Floats, Task


class Decider(BaseModel):
    """What a bundle stores of how it decides. The default takes the most probable label and never keeps silent."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibration: Calibration = Calibration()
    rule: Rule = Rule()
    unknown: Unknown | None = None

    def decide(
        self,
        task: Task,
        logits: Floats,
        *,
        ids: Sequence[str],
        empty: npt.NDArray[np.bool_],
        pooled: Floats | None = None,
        model: str = "",
    ) -> list[Prediction]:
        """Return one prediction a row. `empty` marks rows without text; `pooled` are the texts' embeddings."""
        probabilities = self.calibration.probabilities(task, logits)
        chosen = task.choose(probabilities)
        predictions = []
        for row, label in enumerate(chosen):
            scores = dict(zip(task.outputs, probabilities[row].tolist(), strict=True))
            reason = "empty" if empty[row] else "confident"
            if isinstance(label, tuple):
                score = min((scores[name] for name in label), default=1 - max(scores.values(), default=0.0))
            else:
                score = scores[label]
            predictions.append(
                Prediction(
                    id=ids[row],
                    label=None if empty[row] else label,
                    scores=scores,
                    score=score,
                    reason=reason,
                    model=model,
                )
            )
        return predictions
