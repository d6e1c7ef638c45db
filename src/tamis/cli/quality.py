"""`tamis data check`: the doctor's report on a dataset, and the fixes it offers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from rich.console import Console

    from tamis.quality import Applied, Finding, QualitySettings, Report

_COLOUR = {"error": "bold red", "warning": "yellow", "note": "blue"}
_SAMPLES = 3


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("check")(check)


def check(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    fixes: Annotated[
        list[str] | None, typer.Argument(metavar="[FIX]...", help="With --apply: only these fixes.")
    ] = None,
    apply: Annotated[bool, typer.Option("--apply", help="Make the fixes as a new version.")] = False,
    only: Annotated[str, typer.Option(metavar="CHECK,…", help="Make only these checks.")] = "",
    skip: Annotated[str, typer.Option(metavar="CHECK,…", help="Leave these checks out.")] = "",
    fail_on: Annotated[str, typer.Option(metavar="error|warning|never", help="What ends in exit code 3.")] = "",
    rows: Annotated[str, typer.Option(metavar="FINDING", help="Print every row number and id of one finding.")] = "",
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report as one page.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the page if it is there.")] = False,
    as_json: output.Json = False,
) -> None:
    """Look for what is wrong with a dataset before anything is trained on it.

    Exit code 3 when there are errors. --apply makes the fixes as one new version; the version that was checked stays.

    Example: tamis data check reviews

    Example: tamis data check reviews --apply html duplicates
    """
    from tamis.core import CheckFailed, UsageError, write_atomic
    from tamis.data import open_dataset
    from tamis.features import FeatureSettings
    from tamis.quality import QualitySettings, apply_fixes, check_dataset, report_page

    if fixes and not apply:
        raise UsageError(f"{', '.join(fixes)}: to make these fixes, add --apply")
    if html is not None and html.exists() and not force:
        raise UsageError(f"{html} is there already", hint="add --force to overwrite it")
    workspace = output.workspace()
    settings = _settings(workspace.config.of(QualitySettings), fail_on)
    features = workspace.config.of(FeatureSettings)
    dataset = open_dataset(workspace, name)
    progress = output.progress()
    report = check_dataset(
        dataset, settings=settings, features=features, only=_listed(only), skip=_listed(skip), progress=progress
    )
    if html is not None:
        write_atomic(html, report_page(report, shown_rows=settings.shown_rows).html())
    if rows:
        _print_rows(report, rows, as_json=as_json)
        return
    if not apply:
        if as_json:
            output.print_json(report.to_dict())
        else:
            _print_report(report, settings)
            if html is not None:
                print(f"written: {html}")
        if report.fails(settings.fail_on):
            raise CheckFailed(f"{report.ref} did not pass: {_summary(report)}")
        return
    wanted = [part for fix in fixes or [] for part in _listed(fix)]
    applied = apply_fixes(
        workspace, dataset, report, names=wanted, settings=settings, features=features, progress=progress
    )
    left = report.without([fix.name for fix in applied.fixes])
    if as_json:
        output.print_json({**applied.to_dict(), "left": [finding.to_dict() for finding in left.findings]})
    else:
        _print_applied(applied, report, left)
    if left.fails(settings.fail_on):
        raise CheckFailed(f"{report.ref} had more than these fixes mend: {_summary(left)}")


def _settings(settings: QualitySettings, fail_on: str) -> QualitySettings:
    from typing import get_args

    from tamis.core import UsageError

    if not fail_on:
        return settings
    known = get_args(type(settings).model_fields["fail_on"].annotation)
    if fail_on not in known:
        raise UsageError(f"--fail-on is one of {', '.join(known)}, not {fail_on!r}")
    return settings.model_copy(update={"fail_on": fail_on})


def _listed(words: str) -> list[str]:
    return [word.strip() for word in words.split(",") if word.strip()]


def _summary(report: Report) -> str:
    counts = [f"{number} {weight}{'s' if number > 1 else ''}" for weight, number in report.counts.items() if number]
    return ", ".join(counts) or "nothing found"


def _print_report(report: Report, settings: QualitySettings) -> None:
    from rich.console import Console
    from rich.text import Text

    from tamis.quality import counted

    console = Console(highlight=False)
    seconds = sum(report.seconds.values())
    console.print(
        Text(
            f"{report.ref}: {counted(report.rows, 'row')}, {counted(len(report.checks), 'check')} in {seconds:.1f} s\n",
            style="bold",
        )
    )
    for finding in report.findings:
        _print_finding(console, finding, shown_rows=settings.shown_rows)
    quiet = report.quiet_checks
    if quiet:
        _say(console, f"Nothing found by: {', '.join(quiet)}.", style="dim")
    if not report.findings:
        return
    _say(console, f"{_summary(report).capitalize()}.", style="bold")
    if report.fixes:
        name = report.ref.partition("@")[0]
        _say(console, f"All fixes as one new version: tamis data check {name} --apply")


def _say(console: Console, line: str, *, style: str = "") -> None:
    from rich.text import Text

    console.print(Text(line, style=style), soft_wrap=not console.is_terminal)


def _print_finding(console: Console, finding: Finding, *, shown_rows: int) -> None:
    from rich.table import Table
    from rich.text import Text

    lines = [Text(finding.title, style="bold"), Text(finding.explanation)]
    if finding.count:
        first = ", ".join(f"{row:,}" for row in finding.rows[:shown_rows].tolist())
        more = finding.count - shown_rows
        all_rows = f" and {more:,} more (--rows {finding.kind})" if more > 0 else ""
        lines.append(Text(f"{'row' if finding.count == 1 else 'rows'} {first}{all_rows}", style="dim"))
    lines += [Text(f"· {sample}", style="dim") for sample in finding.samples[:_SAMPLES]]
    if finding.fix:
        lines.append(Text.assemble((f"fix: --apply {finding.fix.name}", "green"), f"  {finding.fix.what}"))
    if not console.is_terminal:  # whoever reads a file or a pipe folds the lines himself
        print(
            "\n".join(f"{'' if number else finding.severity:<8}{line}" for number, line in enumerate(lines)), end="\n\n"
        )
        return
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_column(width=7)
    grid.add_column(overflow="fold")
    for number, line in enumerate(lines):
        grid.add_row(Text(finding.severity if number == 0 else "", style=_COLOUR[finding.severity]), line)
    console.print(grid)
    console.print()


def _print_rows(report: Report, kind: str, *, as_json: bool) -> None:
    from tamis.core import UsageError, did_you_mean

    found = [finding for finding in report.findings if kind in (finding.kind, finding.check)]
    if not found:
        kinds = list(dict.fromkeys(finding.kind for finding in report.findings))
        raise UsageError(
            f"nothing named {kind!r} was found. Found: {', '.join(kinds) or 'nothing'}.{did_you_mean(kind, kinds)}"
        )
    if as_json:
        output.print_json([finding.to_dict() for finding in found])
        return
    for finding in found:
        ids = finding.ids or ("",) * finding.count
        print(
            "\n".join(
                f"{row}\t{name}" if name else str(row) for row, name in zip(finding.rows.tolist(), ids, strict=True)
            )
        )


def _print_applied(applied: Applied, report: Report, left: Report) -> None:
    if not applied.fixes:
        print(f"{report.ref}: nothing to fix, so no new version was made")
        return
    what = "made" if applied.new else "holds just this already, made"
    print(f"{applied.dataset.ref} {what} from {report.ref}: {report.rows:,} rows before, {applied.dataset.rows:,} now")
    rows = [["texts altered", applied.texts_altered], ["rows dropped", applied.rows_dropped]]
    rows += [
        [f"label {old!r} is now {new!r}", applied.rows_relabelled.get(old, 0)]
        for old, new in applied.labels_merged.items()
    ]
    output.print_table(["change", "rows"], rows)
    output.print_table(["fix", "what it promised"], [[fix.name, fix.what] for fix in applied.fixes])
    if left.findings:
        print(f"left: {_summary(left)} without a fix, or whose fix was not asked for")
    print(f"look again: tamis data check {applied.dataset.name}")
