"""Cloud words: which words a word cloud shows and how large, for all texts and for each class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tamis.explore.contrast import log_odds
from tamis.explore.corpus import Corpus
from tamis.explore.entities import Entities
from tamis.explore.rows import Rows


@dataclass(frozen=True)
class Cloud:
    """The words of one cloud with their counts, most frequent first."""

    label: str
    """Empty for the cloud of all texts."""
    words: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Clouds:
    """The clouds of a dataset."""

    overall: Cloud
    classes: tuple[Cloud, ...]


def choose_cloud_words(rows: Rows, corpus: Corpus, entities: Entities | None, *, most: int) -> Clouds:
    """Return the most frequent words of all texts, and for each class those it uses more than the others do.

    Counted by frequency alone, the clouds of all classes would look the same.
    """
    overall = Cloud("", cloud_words(corpus, most=most))
    if entities is not None:
        return Clouds(overall, tuple(Cloud(entry.label, entry.strings[:most]) for entry in entities.types))
    codes, places = corpus.presence
    size = len(corpus.vocabulary)
    labelled = np.zeros(corpus.texts, dtype=np.bool_)
    for own in rows.places.values():
        labelled[own] = True
    every = np.bincount(codes[labelled[places]], minlength=size)
    classes = []
    for label in rows.labels:
        if label not in rows.places or len(rows.places) < 2:
            continue
        own_rows = np.zeros(corpus.texts, dtype=np.bool_)
        own_rows[rows.places[label]] = True
        here = np.bincount(codes[own_rows[places]], minlength=size)
        used = np.flatnonzero(here)
        z, _ = log_odds(here[used], (every - here)[used], prior=0.1)
        surplus = used[z > 1]
        order = surplus[np.argsort(-here[surplus], kind="stable")][: most // 2]
        classes.append(Cloud(label, tuple((corpus.vocabulary[code], int(here[code])) for code in order)))
    return Clouds(overall, tuple(classes))


def cloud_words(corpus: Corpus, *, most: int) -> tuple[tuple[str, int], ...]:
    """Return the most frequent words that are no stop words, with how often they occur."""
    times = np.where(corpus.stops, 0, corpus.times)
    order = np.argsort(-times, kind="stable")[:most]
    return tuple((corpus.vocabulary[code], int(times[code])) for code in order if times[code])
