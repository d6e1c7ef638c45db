"""Samples: a few rows of each class, the same ones every time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tamis.explore.rows import Rows


@dataclass(frozen=True)
class Span:
    """A marked part of a text: character places, end exclusive."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Sample:
    """One row."""

    id: str
    text: str
    labels: tuple[str, ...]
    split: str | None
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True)
class ClassSamples:
    """Rows of one class; an empty label stands for rows without one."""

    label: str
    samples: tuple[Sample, ...]


def draw_samples(rows: Rows, *, each: int, seed: int) -> tuple[ClassSamples, ...]:
    """Return `each` random rows of every class, then of the rows without a label."""
    filled = rows.frame["text"].str.strip_chars().str.len_bytes().gt(0).to_numpy()
    found = []
    chance = np.random.default_rng(seed)
    labelled = np.zeros(rows.frame.height, dtype=np.bool_)
    for label in rows.labels:
        places = rows.places.get(label, np.zeros(0, dtype=np.int64))
        labelled[places] = True
        found.append(ClassSamples(label, _draw(rows, places[filled[places]], each, chance)))
    bare = np.flatnonzero(filled & ~labelled)
    if len(bare):
        found.append(ClassSamples("", _draw(rows, bare, each if rows.labels else each * 2, chance)))
    return tuple(entry for entry in found if entry.samples)


def _draw(rows: Rows, places: npt.NDArray[np.int64], each: int, chance: np.random.Generator) -> tuple[Sample, ...]:
    chosen = np.sort(chance.permutation(places)[:each])
    return tuple(_sample(row) for row in rows.frame[chosen].iter_rows(named=True))


def _sample(row: dict[str, object]) -> Sample:
    label = row.get("label")
    spans: tuple[Span, ...] = ()
    labels: tuple[str, ...] = () if label is None else (str(label),)
    if isinstance(label, list):
        if label and isinstance(label[0], dict):
            spans = tuple(Span(int(mark["start"]), int(mark["end"]), str(mark["label"])) for mark in label)
            labels = tuple(sorted({span.label for span in spans}))
        else:
            labels = tuple(str(name) for name in label)
    split = row.get("split")
    return Sample(str(row["id"]), str(row["text"]), labels, None if split is None else str(split), spans)
