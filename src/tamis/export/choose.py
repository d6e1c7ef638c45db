"""Choose: the form that runs a model from now on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tamis.export.form import Form
from tamis.export.speed import Speed

WORTH = 1.1
"""By so much a form must be quicker to be taken before a plainer one: less is noise, and the plain one fits more
machines."""
WORTH_OF_TORCH = 1.5
"""Torch takes seconds to start and gigabytes to install: what an export is there to do without."""


def choose_form(forms: Sequence[Form], speeds: Mapping[str, Speed]) -> Form:
    """Return the form to use, of forms in their order from plain to special.

    Single texts and batches count alike: a form's quickness is the geometric mean of both.
    """
    chosen = forms[0]
    for form in forms[1:]:
        worth = WORTH_OF_TORCH if form.engine == "torch" and chosen.engine != "torch" else WORTH
        if quickness(speeds[form.name]) > worth * quickness(speeds[chosen.name]):
            chosen = form
    return chosen


def quickness(speed: Speed) -> float:
    """Return one number for single texts and batches: the more the quicker."""
    return float((speed.texts_per_second / speed.p50_ms) ** 0.5)
