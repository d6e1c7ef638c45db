"""Promise: is what the decision rule was made to keep also kept on these rows?"""

from __future__ import annotations

import numpy as np

from tamis.decide import Decider, check_promise
from tamis.evaluate.report import Kept
from tamis.evaluate.rows import ScoredRows


def promise_of(rows: ScoredRows, decider: Decider | None) -> Kept | None:
    """Return the promise held against these rows, with a binomial bound; None for a rule that promises nothing."""
    if decider is None or decider.promise is None or rows.logits is None:
        return None
    made = decider.promise
    checked = check_promise(
        rows.task,
        decider.calibration,
        decider.rule,
        rows.logits,
        np.asarray(rows.truth),
        target=made.target,
        confidence=made.confidence,
    )
    if checked is None:
        return None
    return Kept(
        goal=checked.goal,
        target=checked.target,
        rows=checked.measured.rows,
        value=checked.measured.value,
        low=checked.measured.low,
        high=checked.measured.high,
        verdict=checked.verdict,
        by_label={name: (each.rows, each.value, each.low, each.high) for name, each in checked.by_label.items()},
    )
