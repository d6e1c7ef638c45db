"""Classes that a split lacks, or that have too few rows to be learned or measured."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, as_rows, counted
from tamis.quality.splits import is_train


def check_classes(context: CheckContext) -> Iterable[Finding]:
    """Yield what is wrong with the number of rows per class, over all and per split."""
    if not context.has_labels:
        return
    long, least = context.long_labels, context.settings.min_rows_per_class
    counts = dict.fromkeys(context.dataset.label_set, 0) | dict(long["label"].value_counts(name="rows").iter_rows())
    answers = context.answers
    unlabelled = as_rows(context.frame["row"].filter(answers.is_null()).to_numpy())
    if len(unlabelled) == context.dataset.rows:
        yield Finding(
            kind="classes.unlabelled", severity="note", title="no row has a label",
            explanation="The label checks have nothing to look at. Was a label column named on import?", share=1.0,
        )  # fmt: skip
        return
    if len(unlabelled):
        share = context.share_of(unlabelled)
        yield Finding(
            kind="classes.unlabelled", severity="note", rows=unlabelled, share=share,
            title=f"{counted(len(unlabelled), 'row has', 'rows have')} no label",
            explanation="They are kept, and training will not use them.",
        )  # fmt: skip
    present = [name for name, rows in counts.items() if rows]
    if len(present) == 1 and context.dataset.manifest.task != "spans":
        yield Finding(
            kind="classes.single", severity="error", title=f"every labelled row is {present[0]!r}",
            explanation="With one class there is nothing to tell apart.",
        )  # fmt: skip
        return
    few = {name: rows for name, rows in counts.items() if rows < least}
    if few:
        listed = ", ".join(f"{name!r} ({rows})" for name, rows in sorted(few.items(), key=lambda item: item[1])[:8])
        more = f" and {len(few) - 8} more" if len(few) > 8 else ""
        rows = as_rows(long.filter(pl.col("label").is_in(list(few)))["row"].to_numpy())
        yield Finding(
            kind="classes.few", severity="warning", rows=rows, share=context.share_of(rows),
            title=f"{counted(len(few), 'class has', 'classes have')} fewer than {least} rows: {listed}{more}",
            explanation="Too few to learn from or to measure. Label more of them, or merge them with a neighbour.",
            details={"counts": few},
        )  # fmt: skip
    if "split" in long.columns:
        yield from _missing_in_splits(context, present)


def _missing_in_splits(context: CheckContext, present: list[str]) -> Iterable[Finding]:
    found = context.long_labels.drop_nulls("split").group_by("split", "label").len()
    # a split without any label is there to be predicted, not to be measured
    for split in sorted(found["split"].unique()):
        here = set(found.filter(pl.col("split") == split)["label"])
        missing = [name for name in present if name not in here]
        if not missing:
            continue
        listed = ", ".join(map(repr, missing[:8])) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
        rows = as_rows(context.long_labels.filter(pl.col("label").is_in(missing))["row"].to_numpy())
        train = is_train(split)
        yield Finding(
            kind="classes.missing", severity="error" if train else "warning", rows=rows, share=context.share_of(rows),
            title=f"the split {split!r} has no row of {counted(len(missing), 'class', 'classes')}: {listed}",
            explanation=(
                "The model will never see this class and still be asked about it. Split again: `tamis data split`."
                if train
                else "Nothing will be known about how well this class is found. Split again: `tamis data split`."
            ),
            details={"split": split, "missing": missing},
        )  # fmt: skip
