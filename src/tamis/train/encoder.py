"""fit_encoder: a pre-trained transformer learns a task, from rows to the files of a bundle."""

from __future__ import annotations

from tamis.train.family import Assignment, Fitted


def fit_encoder(given: Assignment) -> Fitted:
    """Fine-tune a backbone on the rows; the draft then holds its weights, `config.json` and tokenizer."""
    raise NotImplementedError
