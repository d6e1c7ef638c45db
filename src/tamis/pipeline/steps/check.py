"""The step `check`: what is wrong with the data is found, and mended where that was asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tamis.core import UsageError, Workspace, did_you_mean, fingerprint_file, write_atomic
from tamis.data import open_dataset
from tamis.features import FeatureSettings
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.artefacts import find_artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.written import write_json
from tamis.pipeline.store import checks_folder
from tamis.quality import (
    CONSTRAINTS_FILE,
    QualitySettings,
    all_checks,
    apply_fixes,
    check_dataset,
    report_page,
    verify_constraints,
)

ALL = "all"


def _reads(workspace: Workspace, given: Mapping[str, Any]) -> Mapping[str, str]:
    declared = workspace.root / CONSTRAINTS_FILE
    return {CONSTRAINTS_FILE: fingerprint_file(declared)} if declared.is_file() else {}


@step(
    outputs=("dataset", "report", "errors", "warnings"),
    settings=("quality", "features"),
    code=("data", "features", "quality"),
    reads=_reads,
)
def check(context: Context, dataset: Artefact, *, fixes: tuple[str, ...] = ()) -> Mapping[str, Any]:
    """Return the dataset, with fixes made (`all`: each that is offered), and the report on what is left.

    Nothing is refused here: the gate says what may be wrong with the data of a model that is approved.
    """
    workspace = context.workspace
    settings, features = workspace.config.of(QualitySettings), workspace.config.of(FeatureSettings)
    opened = open_dataset(workspace, dataset.ref)
    report = check_dataset(opened, settings=settings, features=features, progress=context.progress)
    wanted = _wanted(fixes, offered=[fix.name for fix in report.fixes])
    if wanted:
        opened = apply_fixes(
            workspace, opened, report, names=wanted, settings=settings, features=features, progress=context.progress
        ).dataset
        report = check_dataset(opened, settings=settings, features=features, progress=context.progress)
    verification = verify_constraints(workspace, opened)
    folder = checks_folder(workspace) / opened.manifest.fingerprint
    write_atomic(folder / "check.html", report_page(report, shown_rows=settings.shown_rows).html())
    findings = [finding.to_dict() for finding in report.findings]
    broken = [{"constraint": one.constraint, "message": one.message} for one in verification.failed]
    said = {"rows": report.rows, "counts": report.counts, "findings": findings, "constraints": broken}
    return {
        "dataset": find_artefact(workspace, "dataset", opened.ref),
        "report": write_json(workspace, folder / "check.json", said),
        "errors": report.counts["error"] + len(broken),
        "warnings": report.counts["warning"],
    }


def _wanted(fixes: Sequence[str], *, offered: list[str]) -> list[str]:
    """The fixes to make of those that are offered here; a declared one may find nothing to mend."""
    known = [ALL, *(name for each in all_checks() for name in each.fixes)]
    for name in fixes:
        if name not in known:
            raise UsageError(f"no fix {name!r}. Fixes: {', '.join(known)}.{did_you_mean(name, known)}")
    return offered if ALL in fixes else [name for name in fixes if name in offered]
