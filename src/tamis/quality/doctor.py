"""The doctor: asks all checks about one dataset version."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import polars as pl

from tamis.core import Progress
from tamis.data import Dataset
from tamis.features import FeatureSettings
from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import SEVERITIES, Finding
from tamis.quality.report import Report
from tamis.quality.table import select_checks


def check_dataset(
    dataset: Dataset,
    *,
    settings: QualitySettings | None = None,
    features: FeatureSettings | None = None,
    only: Sequence[str] = (),
    skip: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Return what is wrong with a dataset, gravest first.

    `only` and `skip` name checks. The texts are read once for all checks that look at single texts, and compared with
    each other once for all that ask about copies.
    """
    settings = settings or QualitySettings()
    checks = select_checks(only=tuple(only), skip=(*skip, *_whole(settings.ignore)))
    traits: dict[str, pl.Expr] = {}
    for check in checks:
        traits.update(check.traits(settings))
    context = CheckContext(dataset, settings=settings, features=features, traits=traits, progress=progress)
    findings: list[Finding] = []
    seconds: dict[str, float] = {}
    for check in checks:
        start = time.perf_counter()
        findings.extend(
            _settled(finding, context) for finding in check.run(context) if finding.kind not in settings.ignore
        )
        seconds[check.name] = time.perf_counter() - start
    findings.sort(key=lambda finding: SEVERITIES.index(finding.severity))
    return Report(
        ref=dataset.ref,
        rows=dataset.rows,
        task=dataset.manifest.task,
        findings=tuple(findings),
        checks={check.name: check.question for check in checks},
        seconds=seconds,
    )


def _whole(ignore: Sequence[str]) -> list[str]:
    """The checks among what is ignored; `lengths.tiny` is but one finding of a check."""
    return [name for name in ignore if "." not in name]


def _settled(finding: Finding, context: CheckContext) -> Finding:
    """A finding with its ids, its weight by the settings, and without a fix that would do harm."""
    severity = context.settings.severity
    fix = finding.fix
    if fix is not None and fix.rewrite is not None and context.dataset.manifest.task == "spans":
        fix = None  # spans count characters: another text would set them beside their words
    return replace(
        finding,
        ids=finding.ids or context.ids_of(finding.rows),
        severity=severity.get(finding.kind, severity.get(finding.check, finding.severity)),
        fix=fix,
    )
