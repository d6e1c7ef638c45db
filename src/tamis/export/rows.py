"""Rows: what a model's forms are judged on, and what their calibration is fitted to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from tamis.core import UsageError, Workspace
from tamis.data import open_dataset
from tamis.evaluate import LabelledRows, read_labelled
from tamis.models import Bundle

TRAIN, VALIDATION, CALIBRATION = "train", "validation", "calibration"


def judged_rows(workspace: Workspace, bundle: Bundle, source: str | None, *, most: int, seed: int = 0) -> LabelledRows:
    """Return the labelled rows that forms are compared on, `most` of them at most, drawn at random.

    Without a source: every split of the model's own dataset but `train`. Choices that were made on some of them
    concern all forms alike, and what is measured is the difference.
    """
    if source is not None:
        return _drawn(read_labelled(workspace, bundle, source), most, seed)
    ref, splits = _own(workspace, bundle)
    parts = _parts(workspace, bundle, ref, [split for split in splits if split != TRAIN])
    if not parts:
        raise UsageError(
            f"{ref} has no labelled rows besides those that {bundle.name} learned from",
            hint="name some to compare the forms on: --data FILE, or a dataset",
        )
    columns = set.intersection(*(set(part.columns.column_names) for part in parts))
    names = [name for name in parts[0].columns.column_names if name in columns]
    joined = replace(
        parts[0],
        name=f"{ref}:{'+'.join(part.split or '' for part in parts)}",
        ids=[name for part in parts for name in part.ids],
        texts=[text for part in parts for text in part.texts],
        labels=pa.concat_arrays([part.labels for part in parts]),
        columns=pa.concat_tables([part.columns.select(names) for part in parts], promote_options="permissive"),
        split=None,
        warnings=tuple(dict.fromkeys(warning for part in parts for warning in part.warnings)),
    )
    return _drawn(joined, most, seed)


def calibration_rows(workspace: Workspace, bundle: Bundle) -> LabelledRows | None:
    """Return the rows that the model was calibrated on when it was trained; None when they are not here."""
    try:
        ref, splits = _own(workspace, bundle)
    except UsageError:
        return None
    for split in (CALIBRATION, VALIDATION):
        if split in splits and (found := _parts(workspace, bundle, ref, [split])):
            return found[0]
    return None


def _own(workspace: Workspace, bundle: Bundle) -> tuple[str, list[str]]:
    ref = bundle.manifest.lineage.dataset
    try:
        return ref, list(open_dataset(workspace, ref).manifest.split_counts)
    except UsageError as error:
        raise UsageError(
            f"{bundle.name} learned from {ref}, which is not in this workspace: {error.message}",
            hint="name labelled rows to compare the forms on: --data FILE, or a dataset",
        ) from None


def _parts(workspace: Workspace, bundle: Bundle, ref: str, splits: Sequence[str]) -> list[LabelledRows]:
    found = []
    for split in splits:
        try:
            rows = read_labelled(workspace, bundle, f"{ref}:{split}")
        except UsageError:  # none of its rows has a label that the model knows
            continue
        found.append(_kept(rows, _usable(rows)))
    return [rows for rows in found if rows.ids]


def _drawn(rows: LabelledRows, most: int, seed: int) -> LabelledRows:
    usable = _usable(rows)
    if len(usable) > most:
        usable = np.sort(np.random.default_rng(seed).permutation(usable)[:most])
    if not len(usable):
        raise UsageError(f"no row of {rows.name} has both a text and a label: nothing can be compared")
    return _kept(rows, usable)


def _usable(rows: LabelledRows) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """The places of rows with a text and a label."""
    filled = np.array([bool(text.strip()) for text in rows.texts], np.bool_)
    return np.flatnonzero(filled & np.asarray(rows.labels.is_valid()))


def _kept(rows: LabelledRows, places: np.ndarray[tuple[int], np.dtype[np.int64]]) -> LabelledRows:
    return replace(
        rows,
        ids=[rows.ids[place] for place in places],
        texts=[rows.texts[place] for place in places],
        labels=rows.labels.take(pa.array(places)),
        columns=rows.columns.take(pa.array(places)),
    )
