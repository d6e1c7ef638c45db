"""Decide: which split each row belongs to, by whatever way was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from tamis.core import DataError, UsageError
from tamis.data import Dataset
from tamis.split.by_time import read_times, split_by_time
from tamis.split.from_column import split_from_column
from tamis.split.names import SPLITS, without
from tamis.split.options import SplitOptions
from tamis.split.rows import Rows, read_groups, stored_column
from tamis.split.stratified import Splits, share_out
from tamis.split.together import Numbers, crossings, link, numbered, repeats_of_later
from tamis.tasks import Strata


@dataclass
class Decision:
    """Each row's split as a number in `SPLITS`, -1 for none, and what there is to say of it."""

    splits: Splits
    said: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    record: dict[str, object] = field(default_factory=dict)


def decide(dataset: Dataset, rows: Rows, clusters: Numbers | None, options: SplitOptions) -> Decision:
    """Return each row's split; `clusters` are the near-duplicates, None when they do not count."""
    decision = Decision(np.full(len(rows), -1, dtype=np.int8))
    free = np.arange(len(rows)) < rows.own
    fractions = dict(options.fractions)
    if options.hold_out is not None:
        decision.splits[rows.own :] = SPLITS.index("test")
        fractions = _without_test(fractions, decision)
        if clusters is not None:
            held = np.zeros(int(clusters.max()) + 1, dtype=np.bool_)
            held[clusters[rows.own :]] = True
            leaked = free & held[clusters]
            free &= ~leaked
            _tell_leaked(decision, int(leaked.sum()), options)
    if options.from_column is not None:
        _from_column(dataset, decision, options)
    elif options.by == "time":
        _by_time(dataset, decision, free, fractions, options)
    else:
        units = _units(dataset, rows, clusters, fractions, decision, options)
        if free.all():  # the usual case, without copies of what may be millions of rows
            decision.splits = _places(fractions)[share_out(rows.strata, rows.draws, units, fractions)]
        elif free.any():
            some = np.flatnonzero(free)
            among = None if units is None else numbered(units[some])
            shared = share_out(_only(rows.strata, some), rows.draws[some], among, fractions)
            decision.splits[some] = _places(fractions)[shared]
        _tell_unlabelled(rows, free, decision)
    if clusters is not None:
        _leave_out_repeats(decision, clusters, dataset)
    return decision


def _without_test(fractions: Mapping[str, float], decision: Decision) -> dict[str, float]:
    left = without(fractions, "test") if "test" in fractions else dict(fractions)
    shares = ", ".join(f"{name} {share:.3g}" for name, share in left.items())
    decision.said.append(f"the hold-out is the test split; the other rows are shared out as {shares}")
    return left


def _tell_leaked(decision: Decision, count: int, options: SplitOptions) -> None:
    decision.record["leaked"] = count
    if count and options.hold_out is not None:
        decision.warnings.append(
            f"leakage: {_rows(count)} nearly the same as rows of the hold-out {options.hold_out.ref}; "
            f"{'it is' if count == 1 else 'they are'} in no split now"
        )


def _from_column(dataset: Dataset, decision: Decision, options: SplitOptions) -> None:
    assert options.from_column is not None
    column = stored_column(dataset, options.from_column)
    splits, meaning = split_from_column(dataset, column, names=options.names)
    decision.splits[: len(splits)] = splits
    renamed = [f"{value!r} as {name}" for value, name in meaning.items() if value != name]
    if renamed:
        decision.said.append(f"read {', '.join(renamed)}")
    decision.record["meaning"] = meaning
    if empty := int((splits < 0).sum()):
        decision.said.append(f"{_rows(empty)} empty in column {options.from_column!r} and so in no split")


def _by_time(
    dataset: Dataset,
    decision: Decision,
    free: npt.NDArray[np.bool_],
    fractions: Mapping[str, float],
    options: SplitOptions,
) -> None:
    column = _role_column(dataset, options)
    times = read_times(dataset, column)
    known = times.known
    own = free[: dataset.rows]
    if not (known & own).any():
        raise DataError(f"column {column!r} of {dataset.ref} holds no time at all")
    moments = times.moments[own]
    shared = split_by_time(moments, known[own], fractions)
    decision.splits[: dataset.rows][own] = _places(fractions)[shared]
    ends = {name: int(moments[known[own] & (shared == place)].max()) for place, name in enumerate(fractions)}
    decision.said.append(", ".join(f"{name} until {times.show(moment)}" for name, moment in ends.items()))
    if missing := int((~known & own).sum()):
        decision.said.append(f"{_rows(missing)} without a time and in train")


def _units(
    dataset: Dataset,
    rows: Rows,
    clusters: Numbers | None,
    fractions: Mapping[str, float],
    decision: Decision,
    options: SplitOptions,
) -> Numbers | None:
    """What must not be torn apart: near-duplicates or groups; None when each row stands alone."""
    if options.by != "group":
        return clusters
    column = _role_column(dataset, options)
    groups, missing = read_groups(dataset, column)
    if missing:
        decision.said.append(f"{_rows(missing)} without a {column} and each a group of its own")
    count = int(groups.max()) + 1
    if count < len(fractions):
        raise DataError(
            f"{count} groups cannot fill {len(fractions)} splits: column {column!r} of {dataset.ref}",
            hint="split by label, or ask for fewer splits with --fractions",
        )
    decision.record["groups"] = count
    units = groups
    if clusters is not None:
        limit = int(dataset.rows * min(fractions.values()))
        linked, crossing = link(groups, clusters[: dataset.rows], limit=limit)
        if linked.max() + 1 >= len(fractions):  # else joining leaves too few to fill the splits
            units = linked
        joined = count - (int(units.max()) + 1)
        if joined:
            decision.said.append(f"{count:,} groups make {count - joined:,} units, because some share near-duplicates")
        decision.record |= {"units": count - joined, "crossing": crossing}
    return np.concatenate([units, len(rows) + np.arange(len(rows) - dataset.rows)])


def _role_column(dataset: Dataset, options: SplitOptions) -> str:
    if options.column is not None:
        return stored_column(dataset, options.column)
    if options.by not in dataset.columns:
        raise UsageError(
            f"{dataset.ref} has no column in the role of {options.by}. Columns: {', '.join(dataset.columns)}",
            hint=f"name it: --by {options.by} --column COLUMN",
        )
    return options.by


def _leave_out_repeats(decision: Decision, clusters: Numbers, dataset: Dataset) -> None:
    """Take rows out whose near-duplicates are in a split that judges them."""
    out = repeats_of_later(decision.splits, clusters)
    pairs = {
        f"{SPLITS[earlier]} as in {SPLITS[later]}": count
        for (earlier, later), count in crossings(decision.splits, clusters).items()
        if count
    }
    decision.record["left_out"] = int(out.sum())
    if out.any():
        where = ", ".join(f"{pair} {count:,}" for pair, count in pairs.items())
        decision.warnings.append(
            f"{_rows(int(out.sum()))} nearly the same as rows of another split ({where}) and in no split now, "
            "because they would make the score too good; what they repeat stays where it is"
        )
    decision.splits[out] = -1


def _tell_unlabelled(rows: Rows, free: npt.NDArray[np.bool_], decision: Decision) -> None:
    unlabelled = int(((rows.strata.sizes == 0) & free).sum())
    if unlabelled and len(rows.strata.codes):
        decision.said.append(f"{_rows(unlabelled)} without a label and in train, or where their near-duplicates are")


def _only(strata: Strata, rows: Numbers) -> Strata:
    chosen = np.zeros(len(strata), dtype=np.bool_)
    chosen[rows] = True
    sizes = strata.sizes
    offsets = np.concatenate([[0], np.cumsum(sizes[rows])])
    return Strata(offsets=offsets, codes=strata.codes[np.repeat(chosen, sizes)])


def _places(fractions: Mapping[str, float]) -> npt.NDArray[np.int8]:
    return np.array([SPLITS.index(name) for name in fractions], dtype=np.int8)


def _rows(count: int) -> str:
    return "1 row is" if count == 1 else f"{count:,} rows are"
