"""`tamis captures`: what the servers of this workspace said, and the labels that came later."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.core import EventLog

app = typer.Typer(
    help="What servers said, and the labels that came later.", no_args_is_help=True, rich_markup_mode=None
)


def add_commands(main: typer.Typer) -> None:
    """Add the commands."""
    main.add_typer(app, name="captures")


@app.command("list")
def list_(as_json: output.Json = False) -> None:
    """Count the answers that were kept, by version, label and reason, and how they fared where labels came later.

    Example: tamis captures list
    """
    from tamis.serve import count_captures

    counts = count_captures(_log())
    if as_json:
        output.print_json(asdict(counts))
        return
    if not counts.versions:
        print("no answers were kept here yet: tamis serve MODEL")
    else:
        output.print_table(
            ["model", "version", "answers", "silent", "by a fallback", "labels came", "agreeing"],
            [
                [
                    each.route + (" (shadow)" if each.shadow else ""),
                    each.version,
                    each.answers,
                    each.silent,
                    each.fallbacks,
                    each.labelled_later,
                    _share(each.agreeing, each.disagreeing),
                ]
                for each in counts.versions
            ],
        )
        for what in ("labels", "reasons"):
            rows = [
                [each.route, each.version, name, count, f"{count / each.answers:.1%}"]
                for each in counts.versions
                for name, count in sorted(getattr(each, what).items(), key=lambda item: -item[1])
            ]
            output.print_table(["model", "version", what.removesuffix("s"), "answers", "share"], rows)
    if counts.feedback:
        lost = counts.feedback_without_answer
        print(f"{counts.feedback:,} labels came later; {lost:,} of their ids belong to no answer here.")


@app.command("export")
def export(
    target: Annotated[Path, typer.Argument(metavar="FILE", help="A .parquet or .jsonl file.")],
    as_json: output.Json = False,
) -> None:
    """Write each answer as a row, and beside it the label that came later.

    Example: tamis captures export captures.parquet
    """
    from tamis.serve import export_captures

    exported = export_captures(_log(), target)
    if as_json:
        output.print_json(asdict(exported))
        return
    print(f"{target}: {exported.rows:,} answers, {exported.labelled_later:,} with a label that came later.")
    if exported.feedback_without_answer:
        print(f"{exported.feedback_without_answer:,} ids of later labels belong to no answer here.")


def _share(agreeing: int, disagreeing: int) -> str | None:
    return f"{agreeing / (agreeing + disagreeing):.1%}" if agreeing + disagreeing else None


def _log() -> EventLog:
    from tamis.serve import ServeSettings, open_events

    workspace = output.workspace()
    return open_events(workspace, workspace.config.of(ServeSettings))
