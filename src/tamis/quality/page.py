"""The report as one self-contained page."""

from __future__ import annotations

from html import escape

from tamis.core import Page, page
from tamis.quality.config import Severity
from tamis.quality.finding import Finding, counted, percent
from tamis.quality.report import Report

_KIND: dict[Severity, str] = {"error": "bad", "warning": "warn", "note": "note"}
_HEADING: dict[Severity, tuple[str, str]] = {
    "error": ("Errors", "Mend these before you train: a score would be wrong, or the model could not learn."),
    "warning": ("Warnings", "Have a look: each makes the model or its score worse than it could be."),
    "note": ("Notes", "Good to know. Nothing need be done."),
}


def report_page(report: Report, *, shown_rows: int = 10) -> Page:
    """Return the page of a report: what was found, by weight, and what was looked at and found in order."""
    counts = report.counts
    whole = Page(f"Check of {report.ref}", lead=_lead(report))
    whole.section(
        "At a glance",
        page.tiles(
            [
                (f"{report.rows:,}", "rows"),
                (str(counts["error"]), "errors"),
                (str(counts["warning"]), "warnings"),
                (str(counts["note"]), "notes"),
                (f"{len(report.quiet_checks)} of {len(report.checks)}", "checks found nothing"),
            ]
        ),
        *([_overview(report)] if report.findings else []),
    )
    for severity, (heading, intro) in _HEADING.items():
        found = [finding for finding in report.findings if finding.severity == severity]
        if found:
            whole.section(heading, *(_block(finding, report, shown_rows) for finding in found), intro=intro)
    if report.fixes:
        whole.section(
            "Fixes",
            page.table(["fix", "what it does"], [(page.code(fix.name), fix.what) for fix in report.fixes]),
            page.code(f"tamis data check {report.ref} --apply {report.fixes[0].name}"),
            intro="Name one or several behind --apply, or none for all: they make one new version. This one stays.",
        )
    if report.quiet_checks:
        whole.section(
            "In order",
            page.table(["check", "asked"], [(name, report.checks[name]) for name in report.quiet_checks]),
            intro="These were looked at and found nothing.",
        )
    return whole


def _lead(report: Report) -> str:
    if not report.findings:
        return "Nothing was found. A good start."
    loud = [counted(number, severity) for severity, number in report.counts.items() if number]
    seconds = sum(report.seconds.values())
    by = f"by {counted(len(report.checks), 'check')} in {seconds:.1f} s"
    return f"{', '.join(loud)} in {counted(report.rows, 'row')}, {by}"


def _overview(report: Report) -> str:
    rows = [
        (
            page.badge(finding.severity, _KIND[finding.severity]),
            page.Raw(f'<a href="#{escape(finding.kind)}">{escape(finding.title)}</a>'),
            finding.count or None,
            "–" if finding.share is None else percent(finding.share),
        )
        for finding in report.findings
    ]
    return page.table(["", "found", "rows", "share"], rows)


def _block(finding: Finding, report: Report, shown_rows: int) -> str:
    parts = [
        f'<h3 id="{escape(finding.kind)}">{escape(finding.title)}</h3>',
        f"<p>{escape(finding.explanation)}</p>",
    ]
    if finding.samples:
        parts.append(page.quote("\n".join(finding.samples)))
    if finding.count:
        parts.append(_rows(finding, shown_rows))
    if finding.fix:
        command = page.code(f"tamis data check {report.ref} --apply {finding.fix.name}")
        parts.append(f"<div><b>Fix:</b> {escape(finding.fix.what)}<br>{command}</div>")
    return "\n".join(parts)


def _rows(finding: Finding, shown_rows: int) -> str:
    first = finding.rows[:shown_rows].tolist()
    ids = finding.ids[:shown_rows]
    told = bool(ids) and any(str(row) != name for row, name in zip(first, ids, strict=True))
    listed = ", ".join(f"{row:,} ({name})" for row, name in zip(first, ids, strict=True)) if told else ", ".join(
        f"{row:,}" for row in first
    )  # fmt: skip
    more = finding.count - len(first)
    heading = "rows, with their ids" if told else "rows"
    share = "" if finding.share is None else f", {percent(finding.share)} of those looked at"
    return (
        f"<details><summary>{counted(finding.count, 'row')}{share}</summary><p>{heading}: {escape(listed)}"
        + (f" and {more:,} more (all: <code>--rows {escape(finding.kind)}</code>)" if more > 0 else "")
        + "</p></details>"
    )
