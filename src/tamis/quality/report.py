"""Report: all that the doctor found in one dataset version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from tamis.quality.config import Severity
from tamis.quality.finding import SEVERITIES, Finding, Fix


@dataclass(frozen=True, kw_only=True)
class Report:
    """The findings, gravest first, and the checks that were made."""

    ref: str
    """The dataset version: `reviews@2`."""
    rows: int
    task: str
    findings: tuple[Finding, ...]
    checks: Mapping[str, str]
    """Each check that was made, with its question."""
    seconds: Mapping[str, float]
    """How long each check took; what several share is counted with the first of them."""

    @property
    def counts(self) -> dict[Severity, int]:
        """How many findings there are of each weight."""
        found = Counter(finding.severity for finding in self.findings)
        return {severity: found[severity] for severity in SEVERITIES}

    @property
    def fixes(self) -> list[Fix]:
        """The fixes that are offered, each once."""
        return list({finding.fix.name: finding.fix for finding in self.findings if finding.fix}.values())

    @property
    def quiet_checks(self) -> list[str]:
        """The checks that found nothing."""
        loud = {finding.check for finding in self.findings}
        return [name for name in self.checks if name not in loud]

    def fails(self, fail_on: Literal["error", "warning", "never"]) -> bool:
        """Return whether something of that weight or graver was found."""
        return any(outweighs(finding.severity, fail_on) for finding in self.findings)

    def without(self, fixes: Sequence[str]) -> Report:
        """Return the report less the findings that these fixes mend."""
        left = tuple(finding for finding in self.findings if finding.fix is None or finding.fix.name not in fixes)
        return replace(self, findings=left)

    def to_dict(self) -> dict[str, Any]:
        """Return what `--json` prints."""
        return {
            "dataset": self.ref,
            "rows": self.rows,
            "task": self.task,
            "counts": self.counts,
            "findings": [finding.to_dict() for finding in self.findings],
            "checks": dict(self.checks),
            "seconds": {name: round(seconds, 3) for name, seconds in self.seconds.items()},
        }


def outweighs(severity: Severity, fail_on: Literal["error", "warning", "never"]) -> bool:
    """Return whether a finding of this weight lets a check fail."""
    return fail_on != "never" and SEVERITIES.index(severity) <= SEVERITIES.index(fail_on)
