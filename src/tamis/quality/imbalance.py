"""Classes of very different size."""

from __future__ import annotations

from collections.abc import Iterable

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, percent


def check_imbalance(context: CheckContext) -> Iterable[Finding]:
    """Yield a note when the largest class is many times the smallest one."""
    if not context.has_labels or context.dataset.manifest.task == "spans":
        return
    counts = sorted(context.long_labels["label"].value_counts(name="rows").iter_rows(), key=lambda item: item[1])
    if len(counts) < 2:
        return
    (small, fewest), (large, most) = counts[0], counts[-1]
    if most < context.settings.imbalance_ratio * fewest:
        return
    labelled = context.dataset.rows - context.answers.null_count()
    guess = most / labelled
    yield Finding(
        kind="imbalance",
        severity="note",
        title=f"{large!r} has {most:,} rows, {small!r} has {fewest:,}: {most / fewest:,.0f} to 1",
        explanation=(
            f"Always answering {large!r} would be right in {percent(guess)} of the rows, so accuracy says little. "
            "Look at macro-F1; `tamis data split --balance` evens out the training split."
        ),
        share=None,
        details={"counts": dict(counts), "ratio": most / fewest, "majority_share": guess},
    )
