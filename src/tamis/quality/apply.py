"""Applying fixes: one new version with texts mended, labels merged and rows dropped, and an account of each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from tamis.core import DataError, Progress, UsageError, Workspace, did_you_mean
from tamis.data import Dataset, derive
from tamis.features import FeatureSettings
from tamis.quality.config import QualitySettings
from tamis.quality.doctor import check_dataset
from tamis.quality.finding import Fix, Rows, as_rows
from tamis.quality.report import Report
from tamis.quality.table import all_checks

_ROUNDS = 5


@dataclass(frozen=True, kw_only=True)
class Applied:
    """What `apply_fixes` made."""

    dataset: Dataset
    """The new version, or the old one when there was nothing to do."""
    new: bool
    fixes: tuple[Fix, ...]
    texts_altered: int
    labels_merged: dict[str, str]
    rows_relabelled: dict[str, int]
    """How many labels of each old name were renamed."""
    rows_dropped: int

    def to_dict(self) -> dict[str, Any]:
        """Return the account as `--json` prints it."""
        return {
            "dataset": self.dataset.ref,
            "new": self.new,
            "rows": self.dataset.rows,
            "fixes": {fix.name: fix.what for fix in self.fixes},
            "texts_altered": self.texts_altered,
            "labels_merged": self.labels_merged,
            "rows_relabelled": self.rows_relabelled,
            "rows_dropped": self.rows_dropped,
        }


@dataclass(kw_only=True)
class _Plan:
    """What is done to each batch, in this order."""

    rewrites: list[Callable[[pl.Series], pl.Series]] = field(default_factory=list)
    renames: dict[str, str] = field(default_factory=dict)
    drop: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    seen: int = 0
    altered: int = 0

    def merge(self, renames: dict[str, str]) -> None:
        """Take further renames, which follow those there are."""
        self.renames = {old: renames.get(new, new) for old, new in self.renames.items()} | {
            old: new for old, new in renames.items() if old not in self.renames
        }

    def __call__(self, table: pa.Table) -> pa.Table:
        first, self.seen = self.seen + 1, self.seen + table.num_rows
        if self.rewrites and "text" in table.column_names:
            before = pl.Series("text", table["text"]).cast(pl.String)
            after = before
            for rewrite in self.rewrites:
                after = rewrite(after)
            self.altered += int(after.ne_missing(before).sum())
            table = _with(table, "text", pa.chunked_array([after.to_arrow()]).cast(table["text"].type))
        if self.renames and "label" in table.column_names:
            table = _with(table, "label", _renamed(table["label"], self.renames))
        low, high = np.searchsorted(self.drop, [first, first + table.num_rows])
        if high > low:
            keep = np.ones(table.num_rows, dtype=bool)
            keep[self.drop[low:high] - first] = False
            table = table.filter(pa.array(keep))
        return table

    def ready(self) -> _Plan:
        """The same plan, to be run from the first row."""
        self.seen = self.altered = 0
        return self


def apply_fixes(
    workspace: Workspace,
    dataset: Dataset,
    report: Report,
    *,
    names: Sequence[str] = (),
    settings: QualitySettings | None = None,
    features: FeatureSettings | None = None,
    progress: Progress | None = None,
) -> Applied:
    """Make the fixes that a report offers (or those in `names`) as one new version, and tell what changed.

    Texts are mended and labels merged first, and the result is looked at again before rows are dropped: two texts may
    have become equal, or a merged label may have ended a contradiction. So checking the new version finds nothing
    more of what was fixed.
    """
    offered = {fix.name: fix for fix in report.fixes}
    for name in names:
        if name not in offered:
            known = ", ".join(offered) or "none"
            raise UsageError(f"no fix {name!r} for {report.ref}. Fixes here: {known}.{did_you_mean(name, offered)}")
    plan, made = _Plan(), {}
    with tempfile.TemporaryDirectory(dir=_cache(workspace), prefix="apply-") as folder:
        scratch = Workspace(Path(folder))
        looked_at, current = report, dataset
        for _ in range(_ROUNDS):
            fixes = [fix for fix in looked_at.fixes if not names or fix.name in names]
            made.update({fix.name: fix for fix in fixes if fix.name not in made})
            mending = [fix for fix in fixes if fix.rewrite or fix.rename]
            if not mending:
                plan.drop = as_rows(np.concatenate([np.empty(0, dtype=np.int64), *(fix.drop for fix in fixes)]))
                break
            for fix in mending:
                if fix.rewrite:
                    plan.rewrites.append(fix.rewrite)
                plan.merge(dict(fix.rename))
            current, _new = derive(
                scratch, dataset, plan.ready(), operation="draft", labels=_labels(dataset, plan.renames)
            )
            again = _again(report, names)
            looked_at = check_dataset(current, settings=settings, features=features, only=again, progress=progress)
    if not made:
        return Applied(dataset=dataset, new=False, fixes=(), texts_altered=0, labels_merged={}, rows_relabelled={},
                       rows_dropped=0)  # fmt: skip
    if len(plan.drop) == dataset.rows:
        raise DataError("these fixes would drop every row", hint="name fewer of them: --apply FIX")
    merged = {old: new for old, new in plan.renames.items() if old in dataset.manifest.label_counts}
    account = {
        "fixes": list(made),
        "rows_dropped": len(plan.drop),
        "labels_merged": merged,
    }
    fixed, new = derive(
        workspace, dataset, plan.ready(), operation=f"check --apply {' '.join(made)}",
        labels=_labels(dataset, plan.renames), notes={"fixed": account},
    )  # fmt: skip
    return Applied(
        dataset=fixed,
        new=new,
        fixes=tuple(made.values()),
        texts_altered=plan.altered,
        labels_merged=merged,
        rows_relabelled={old: dataset.manifest.label_counts[old] for old in merged},
        rows_dropped=len(plan.drop),
    )


def _again(report: Report, names: Sequence[str]) -> list[str]:
    """The checks, of those that were made, that may have wanted fixes to offer once texts and labels are mended."""
    offering = {check.name for check in all_checks() if any(not names or fix in names for fix in check.fixes)}
    offering |= {found.check for found in report.findings if found.fix and (not names or found.fix.name in names)}
    return [name for name in report.checks if name in offering]


def _cache(workspace: Workspace) -> Path:
    workspace.cache.mkdir(parents=True, exist_ok=True)
    return workspace.cache


def _labels(dataset: Dataset, renames: dict[str, str]) -> tuple[str, ...]:
    """The label set in its old order, each merged label in the place of the first of its spellings."""
    return tuple(dict.fromkeys(renames.get(name, name) for name in dataset.manifest.labels))


def _with(table: pa.Table, name: str, column: pa.ChunkedArray) -> pa.Table:
    return table.set_column(table.column_names.index(name), table.schema.field(name), column)


def _renamed(labels: pa.ChunkedArray, renames: dict[str, str]) -> pa.ChunkedArray:
    series = pl.Series("label", labels)
    kind = series.dtype
    if not isinstance(kind, pl.List):
        renamed = series.cast(pl.String).replace(renames)
    elif isinstance(kind.inner, pl.Struct):
        others = [pl.element().struct.field(name) for name in kind.inner.to_schema() if name != "label"]
        name = pl.element().struct.field("label").replace(renames)
        inner = [pl.element().struct.field(field) if field != "label" else name for field in kind.inner.to_schema()]
        renamed = (
            series.to_frame().select(pl.col("label").list.eval(pl.struct(inner))).to_series() if others else series
        )
    else:
        whole = pl.col("label").list.eval(pl.element().replace(renames)).list.unique(maintain_order=True)
        renamed = series.to_frame().select(whole).to_series()
    return pc.cast(pa.chunked_array([renamed.to_arrow()]), labels.type)
