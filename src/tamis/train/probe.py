"""fit_probe: a head learns a task on the embeddings of a frozen encoder, from rows to the files of a bundle."""

from __future__ import annotations

from tamis.train.family import Assignment, Fitted


def fit_probe(given: Assignment) -> Fitted:
    """Embed each row once and train a head on that; the draft then holds an encoder with that head."""
    raise NotImplementedError
