"""Decider: raw scores in, predictions out, the same from every surface."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from tamis.core import Prediction
from tamis.decide.calibration import Calibration
from tamis.decide.promise import Promise
from tamis.decide.reasons import CONFIDENT, EMPTY, LOW_CONFIDENCE, UNKNOWN_TEXT
from tamis.decide.rule import Rule
from tamis.decide.unknown import Unknown
from tamis.tasks import Floats, Task, check_scores


class Decider(BaseModel):
    """What a bundle stores of how it decides. The default takes the most probable label and never keeps silent.

    `save` and `load` take what is too large for JSON to and from the bundle's folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calibration: Calibration = Calibration()
    rule: Rule = Rule()
    unknown: Unknown | None = None
    promise: Promise | None = None
    """What the rule was found to keep, on rows it was not fitted on."""

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
        check_scores(logits, rows=len(ids), outputs=len(task.outputs))
        probabilities = self.calibration.probabilities(task, logits)
        verdict = self.rule.apply(task, probabilities)
        reasons = np.where(verdict.answered, CONFIDENT, LOW_CONFIDENCE).astype(object)
        if self.unknown is not None and len(logits):
            strange = self.unknown.strangeness(task, logits, pooled)
            reasons[strange > self.unknown.threshold] = UNKNOWN_TEXT
        reasons[empty] = EMPTY
        names = task.outputs
        return [
            Prediction(
                id=name,
                label=label if reason == CONFIDENT else None,
                several=not task.exclusive,
                scores=dict(zip(names, scores, strict=True)),
                score=score,
                reason=reason,
                model=model,
            )
            for name, label, scores, score, reason in zip(
                ids,
                verdict.labels(task),
                probabilities.tolist(),
                verdict.score.tolist(),
                reasons.tolist(),
                strict=True,
            )
        ]

    def save(self, folder: Path) -> None:
        """Write what does not go into JSON into the bundle's folder, before it is sealed."""
        if self.unknown is not None:
            self.unknown.save(folder)

    def load(self, folder: Path) -> Decider:
        """Return the decider with what `save` wrote."""
        return self if self.unknown is None else self.model_copy(update={"unknown": self.unknown.load(folder)})
