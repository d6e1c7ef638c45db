"""Run: one split from a dataset to its new version."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, Progress, Silent, UsageError, Workspace, did_you_mean
from tamis.data import Dataset, derive, open_dataset
from tamis.split.balance import balance
from tamis.split.counts import NO_SPLIT, Counts, count_classes, count_rows
from tamis.split.decide import Decision, decide
from tamis.split.hold_out import hold_out_table, unknown_labels
from tamis.split.names import SPLITS
from tamis.split.options import SplitOptions
from tamis.split.result import SplitResult
from tamis.split.rewrite import Rewrite
from tamis.split.rows import NO_LABEL, UNLABELLED, Rows, class_names, read_clusters, read_rows
from tamis.split.sample import leave_out
from tamis.split.together import Numbers


def split_dataset(
    workspace: Workspace, dataset: Dataset, options: SplitOptions | None = None, *, progress: Progress | None = None
) -> SplitResult:
    """Return a new version of `dataset` whose `split` column says what each row is for.

    Near-duplicates are in one split, the same options give the same split, and no row is lost: one that must be left
    out has an empty `split`.
    """
    options, shown = options or SplitOptions(), progress or Silent()
    start, said = _unsplit(workspace, dataset)
    if start.manifest.split_counts and "split" not in start.manifest.notes and options.from_column is None:
        there = ", ".join(f"{name!r} {count:,}" for name, count in start.manifest.split_counts.items())
        said.append(f"{start.ref} came with splits ({there}), which this one replaces; --from-column split keeps them")
    if not start.rows:
        raise DataError(f"{start.ref} has no rows to split")
    appended, renamed = None, 0
    if options.hold_out is not None:
        _check_labels(start, options.hold_out)
        appended, renamed = hold_out_table(start, options.hold_out)
    if options.hold_out is not None and options.hold_out.manifest.rejected:
        count = options.hold_out.manifest.rejected
        said.append(f"{count:,} rows of the hold-out could not be read: tamis data show {options.hold_out.ref}")
    if renamed:
        said.append(f"{renamed:,} ids of the hold-out are ids of the dataset too: they got 'hold-out-' in front")
    rows = read_rows(start, options.hold_out, seed=options.seed)
    clusters = None
    if options.near_duplicates:
        clusters, left_out = read_clusters(start, options.hold_out, threshold=options.threshold, progress=shown)
        if left_out:
            said.append(
                f"{left_out:,} comparisons of texts that share their rarest words with thousands of others were not "
                "made: a few near-duplicates among them may be in two splits"
            )
    decision = decide(start, rows, clusters, options)
    decision.said = said + decision.said
    if options.from_column is None and not (decision.splits == 0).any():
        raise DataError(f"nothing of {start.ref} is left to train on", hint="\n  ".join(decision.warnings) or None)
    if options.rows is not None:
        out = leave_out(decision.splits, rows.draws, rows=options.rows, among=np.arange(len(rows)) < rows.own)
        decision.splits[out] = -1
        decision.said.append(f"a sample, as asked: {int(out.sum()):,} rows are in no split now")
    copies = _balance(rows, clusters, decision, options)
    weights = copies + 1
    names = class_names(start)
    counts = count_classes(rows.strata, decision.splits, weights, names)
    totals = count_rows(decision.splits, weights)
    _warn_of_gaps(counts, totals, options, decision)
    record = {
        **options.record(),
        **decision.record,
        "rows": totals,
        "counts": counts,
        "copies": int(copies.sum()),
        "said": decision.said,
        "warnings": decision.warnings,
    }
    derived, new = derive(
        workspace,
        start,
        Rewrite(decision.splits, copies, appended),
        operation=options.describe(),
        notes={"split": record},
    )
    return SplitResult(
        dataset=derived,
        new=new,
        rows=totals,
        counts=counts,
        said=tuple(decision.said),
        warnings=tuple(decision.warnings),
    )


def _unsplit(workspace: Workspace, dataset: Dataset) -> tuple[Dataset, list[str]]:
    """The version to start from: one without the rows that an earlier split added."""
    before = dataset.manifest.notes.get("split", {})
    added = [what for key, what in (("copies", "copies"), ("hold_out", "hold-out rows")) if before.get(key)]
    if not added:
        return dataset, []
    parent = dataset.manifest.parents[0] if dataset.manifest.parents else None
    if parent is None or not parent.operation.startswith("split"):
        raise UsageError(
            f"{dataset.ref} holds the {' and '.join(added)} of an earlier split",
            hint="split the version from before that one: `tamis data show` lists the versions",
        )
    source = open_dataset(workspace, f"{parent.name}@{parent.version}")
    return source, [
        f"{dataset.ref} holds {' and '.join(added)} of an earlier split, so this one starts from {source.ref}"
    ]


def _check_labels(dataset: Dataset, hold_out: Dataset) -> None:
    if unknown := unknown_labels(dataset, hold_out):
        name, count = unknown.most_common(1)[0]
        raise DataError(
            f"{len(unknown)} labels of the hold-out {hold_out.ref} are not labels of {dataset.ref}: "
            f"{name!r} ({count:,} rows){', …' if len(unknown) > 1 else ''}."
            f"{did_you_mean(name, dataset.label_set)}",
            hint=f"labels of {dataset.ref}: {', '.join(dataset.label_set.names[:20])}",
        )


def _balance(rows: Rows, clusters: Numbers | None, decision: Decision, options: SplitOptions) -> npt.NDArray[np.int32]:
    """Leave rows of the training split out, or return how many copies of each are to be made."""
    copies = np.zeros(len(rows), dtype=np.int32)
    if options.balance is None:
        return copies
    if not len(rows.strata.codes):
        raise DataError("there are no labels to balance")
    targets: Sequence[str] = SPLITS if options.balance_all else ("train",)
    out = 0
    for number in map(SPLITS.index, targets):
        within = decision.splits == number
        repeats = None if clusters is None else _later_ones(clusters, within)
        done = balance(
            rows.strata, within, rows.draws, how=options.balance, ratio=options.balance_ratio, repeats=repeats
        )
        decision.splits[done.left_out] = -1
        copies += done.copies
        out += int(done.left_out.sum())
    where = "every split" if options.balance_all else "train"
    if options.balance == "down":
        decision.said.append(f"balanced: {out:,} rows of {where} are in no split now")
    else:
        decision.said.append(f"balanced: {int(copies.sum()):,} copies added to {where}, with ids like 7#2")
    if options.balance_all:
        decision.warnings.append(
            "validation and test are balanced too: their scores say nothing about real data, where classes are not"
        )
    return copies


def _later_ones(clusters: Numbers, within: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    rows = np.flatnonzero(within)
    later = np.zeros(len(clusters), dtype=np.bool_)
    later[rows] = True
    later[rows[np.unique(clusters[rows], return_index=True)[1]]] = False
    return later


def _warn_of_gaps(counts: Counts, totals: dict[str, int], options: SplitOptions, decision: Decision) -> None:
    expected = set(options.fractions) if options.from_column is None else set()
    if options.hold_out is not None:
        expected |= {"test"}
    for name in SPLITS:
        if name in expected and not totals.get(name):
            decision.warnings.append(f"{name} has no row: there are too few to share out")
    splits = [name for name in totals if name != NO_SPLIT]
    sums: dict[str, int] = {}
    for name in splits:
        for label, count in counts[name].items():
            sums[label] = sums.get(label, 0) + count
    sums = {label: count for label, count in sums.items() if count and label not in (UNLABELLED, NO_LABEL)}
    for name in splits:
        absent = [label for label in sums if not counts[name].get(label)]
        if absent and len(absent) < len(sums):
            shown = ", ".join(f"{label!r} (has {sums[label]:,} in all)" for label in absent[:8])
            more = f" and {len(absent) - 8:,} more" if len(absent) > 8 else ""
            decision.warnings.append(f"{name} has no row of {shown}{more}")
