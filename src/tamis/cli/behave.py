"""`tamis behave`: does a model do what nobody doubts it should?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.evaluate import SuiteResult

_SHOWN = 3


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("behave")(behave)


def behave(
    model: Annotated[str, typer.Argument(help="A model: a run, a version (docs@3), a folder, or a .tamis file.")],
    suite: Annotated[Path, typer.Argument(metavar="SUITE.yaml", help="What it is expected to do.")],
    data: Annotated[
        str, typer.Option("--data", metavar="DATASET", help="For tests with from: (default: what it learned from).")
    ] = "",
    junit: Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="Write JUnit XML.")] = None,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the result as one page.")] = None,
    init: Annotated[bool, typer.Option("--init", help="Write a first suite for this model to SUITE.yaml.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that exist.")] = False,
    as_json: output.Json = False,
) -> None:
    """Put a suite of behavioural tests to a model: functionality, invariance, direction.

    Exit code 3 when a test's pass rate is below its at_least. See docs/behaviour.md for what a suite holds.

    Example: tamis behave reviews-linear-1 suite.yaml --init

    Afterwards: tamis behave reviews-linear-1 suite.yaml --junit results.xml --html behaviour.html
    """
    from tamis import evaluate
    from tamis.core import CheckFailed, UsageError, write_atomic
    from tamis.data import open_dataset
    from tamis.predict import open_classifier
    from tamis.registry import find_model

    workspace = output.workspace()
    for file in (suite if init else None, junit, html):
        if file is not None and file.exists() and not force:
            raise UsageError(f"{file} is there already", hint="add --force to replace it")
    bundle = find_model(workspace, model)
    source = data or bundle.manifest.lineage.dataset
    if init:
        name = model if "/" not in model else bundle.name
        text = evaluate.starter_suite(bundle.task.label_set.names, open_dataset(workspace, source), name=name)
        write_atomic(suite, text)
        if as_json:
            output.print_json({"suite": str(suite)})
        else:
            print(f"{suite}: make it yours, then: tamis behave {model} {suite}")
        return
    read = evaluate.read_suite(suite)
    result = evaluate.run_suite(
        open_classifier(workspace, bundle),
        read,
        name=bundle.name,
        dataset=open_dataset(workspace, source) if read.needs_data else None,
        confidence=workspace.config.of(evaluate.EvaluateSettings).confidence,
        progress=output.progress(),
    )
    if junit is not None:
        write_atomic(junit, evaluate.junit_xml(result))
    if html is not None:
        write_atomic(html, evaluate.suite_page(result).html())
    if as_json:
        output.print_json(result.to_dict())
    else:
        _print(result)
        for file in (junit, html):
            if file is not None:
                print(f"written: {file}")
    if result.failed:
        names = ", ".join(test.name for test in result.failed)
        raise CheckFailed(f"{len(result.failed)} of {len(result.tests)} tests of {result.suite} do not hold: {names}")


def _print(result: SuiteResult) -> None:
    from tamis.core.charts import percent

    output.print_table(
        ["", "test", "texts", "passed", "interval", "at least"],
        [
            [
                "holds" if test.holds else "FAILS",
                test.name,
                test.cases,
                percent(test.rate),
                " to ".join(map(percent, test.interval)),
                percent(test.at_least),
            ]
            for test in result.tests
        ],
        title=f"{result.suite}: how {result.model} behaves",
    )
    for test in result.failed:
        print(f"{test.name}: {len(test.failures)} of {test.cases} texts did not pass")
        for failure in test.failures[:_SHOWN]:
            changed = "" if failure.changed is None else f"\n    {failure.change}: {_short(failure.changed)}"
            print(f"  · {_short(failure.text)}{changed}\n    expected {failure.expected}, got {failure.got}")


def _short(text: str, width: int = 160) -> str:
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: width - 2]} …"
