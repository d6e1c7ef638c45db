"""Other columns that give the label away: a star rating beside 'recommended'."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl
import pyarrow as pa

from tamis.core.document import ROLES
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, percent
from tamis.quality.giveaway import Giveaway, binned, giveaway


def check_columns(context: CheckContext) -> Iterable[Finding]:
    """Yield the columns from which the label can be told without reading the text."""
    if not context.has_labels:
        return
    schema = context.dataset.manifest.schema_
    parts = {*schema.text, *schema.label}  # what text and label were made of may be stored too
    for name in context.dataset.columns:
        if (name in ROLES and name != "group") or name in parts:
            continue
        column = context.dataset.table([name])[name]
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            continue
        values = pl.Series(name, column)
        values = binned(values) if values.dtype.is_numeric() or values.dtype.is_temporal() else values
        found = giveaway(values, context.answers)
        if found is None or not found.tells(gain=context.settings.giveaway_gain):
            continue
        yield _finding(name, found)


def _finding(name: str, found: Giveaway) -> Finding:
    of_group = name == "group"
    what = "the rows of a group have one label" if of_group else f"the column {name!r} gives the label away"
    return Finding(
        kind="columns.group" if of_group else "columns",
        severity="note" if of_group else "warning",
        title=f"{what}: right in {percent(found.accuracy)} of the rows, guessing in {percent(found.majority)}",
        explanation="A model may learn to know the groups. Keep each in one split: `tamis data split --by group`."
        if of_group
        else "Keep it out of the model: it may be the label in other words, not known in use.",
        samples=found.examples,
        details={"column": name, "accuracy": found.accuracy, "majority": found.majority, "gain": found.gain},
    )
