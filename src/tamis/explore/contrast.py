"""Contrast: the words that set a class apart from the others.

The measure is the log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn, 2008): how much more
a class uses a word than the other classes do, drawn towards how often everybody uses it, and divided by its own
standard error. So a frequent word with a small surplus does not beat a telling one, nor does a word seen twice.
Each text counts a word once: one text that repeats itself does not make a word typical of its class.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.explore.corpus import Corpus, Flags
from tamis.explore.rows import Rows

Reals = npt.NDArray[np.float64]

SURE = 1.96
"""A z-score that chance exceeds once in 40 words."""


@dataclass(frozen=True)
class TellingWord:
    """A word that a class uses more than the others."""

    word: str
    z: float
    log_odds: float
    inside: int
    """Texts of the class that hold it."""
    outside: int
    """Texts of the other classes that hold it."""


@dataclass(frozen=True)
class ClassWords:
    """The telling words of one class."""

    label: str
    texts: int
    words: tuple[TellingWord, ...]


@dataclass(frozen=True)
class Contrast:
    """What sets the classes apart."""

    classes: tuple[ClassWords, ...]


def contrast_classes(
    rows: Rows, corpus: Corpus, *, most: int, least_texts: int = 3, prior: float = 0.1
) -> Contrast | None:
    """Return the telling words of every class, or None when there are not two classes to compare.

    `prior` is the weight of the words' overall use beside the classes' own; a word in fewer than `least_texts`
    texts of a class is left out.
    """
    inside = [label for label in rows.labels if label in rows.places]
    labelled = np.zeros(corpus.texts, dtype=np.bool_)
    for label in inside:
        labelled[rows.places[label]] = True
    codes, places = corpus.presence
    size = len(corpus.vocabulary)
    every = np.bincount(codes[labelled[places]], minlength=size)
    if len(inside) < 2 or not every.sum():
        return None
    telling = np.flatnonzero(every >= least_texts)
    found = []
    for label in inside:
        own: Flags = np.zeros(corpus.texts, dtype=np.bool_)
        own[rows.places[label]] = True
        here = np.bincount(codes[own[places]], minlength=size)
        z, odds = log_odds(here[telling], (every - here)[telling], prior=prior)
        order = [place for place in np.lexsort((telling, -z)) if z[place] > SURE]
        order = [place for place in order if here[telling[place]] >= least_texts][:most]
        words = tuple(
            TellingWord(
                word=corpus.vocabulary[telling[place]],
                z=float(z[place]),
                log_odds=float(odds[place]),
                inside=int(here[telling[place]]),
                outside=int((every - here)[telling[place]]),
            )
            for place in order
        )
        found.append(ClassWords(label, len(rows.places[label]), words))
    return Contrast(tuple(found))


def log_odds(here: npt.NDArray[np.int64], there: npt.NDArray[np.int64], *, prior: float) -> tuple[Reals, Reals]:
    """Return each word's z-score and log-odds ratio, from its counts in a class and in the others.

    >>> z, odds = log_odds(np.array([8, 2]), np.array([2, 8]), prior=0.1)
    >>> [round(float(value), 2) for value in z], [round(float(value), 2) for value in odds]
    ([3.3, -3.3], [2.2, -2.2])
    """
    weight = prior * (here + there)
    total = weight.sum()
    mine, theirs = here + weight, there + weight
    # where a word is all there is, half a word stands for the rest
    rest = np.maximum(here.sum() + total - mine, 0.5), np.maximum(there.sum() + total - theirs, 0.5)
    odds = np.log(mine / rest[0]) - np.log(theirs / rest[1])
    return odds / np.sqrt(1 / mine + 1 / theirs), odds
