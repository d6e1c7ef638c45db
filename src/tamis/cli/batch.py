"""`tamis batch`: predictions over many files, by many processes, here or in a bucket."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output
from tamis.cli.predict import READING, Device, EngineName, IdColumn, Model, TextColumn

if TYPE_CHECKING:
    from tamis.predict import BatchJob, BatchResult


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("batch")(batch)


def batch(
    source: Annotated[str, typer.Argument(help="Files of one kind: a folder, a pattern, an address like s3://…")],
    target: Annotated[str, typer.Option("--output", "-o", help="A folder, here or at an address like s3://…")],
    model: Model = None,
    workers: Annotated[int, typer.Option(min=1, help="How many processes predict at the same time.")] = 1,
    shard_rows: Annotated[int, typer.Option(min=1, help="The most rows of one file of predictions.")] = 50_000,
    executor: Annotated[str, typer.Option(help="Who runs them: local, ray.")] = "local",
    force: Annotated[
        bool, typer.Option("--force", help="Remove the predictions that the target holds, and start anew.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show the files and their shards; predict and write nothing.")
    ] = False,
    scores: Annotated[bool, typer.Option("--scores", help="Give each label's score a column of its own.")] = False,
    keep: Annotated[
        list[str] | None, typer.Option(help="A column of SOURCE to pass through; may be repeated, or a,b.")
    ] = None,
    engine: EngineName = None,
    device: Device = None,
    text_column: TextColumn = None,
    id_column: IdColumn = None,
    kind: Annotated[
        str | None, typer.Option(help="What the files are: csv, jsonl, parquet…", rich_help_panel=READING)
    ] = None,
    as_json: output.Json = False,
) -> None:
    """Predict many files: each becomes one or more Parquet files of the target, with a manifest of them all.

    After a kill the same command goes on with what is missing. A model, a setting or a row that changed since is told,
    and --force starts anew.

    Example: tamis batch reviews.csv -o predictions --model reviews-linear-1 --workers 2

    Example: tamis batch reviews.csv -o predictions --shard-rows 20 --dry-run
    """
    from tamis.core import plugins
    from tamis.predict import BatchJob, PredictSettings, cores, run_batch
    from tamis.registry import find_model

    workspace = output.workspace()
    settings = workspace.config.of(PredictSettings)
    job = BatchJob(
        source=source,
        target=target,
        bundle=find_model(workspace, model).path,
        shard_rows=shard_rows,
        text=output.several([text_column] if text_column else None),
        id_column=id_column,
        keep=output.several(keep),
        scores=scores,
        kind=kind,
        engine=engine or settings.engine,
        device=device or settings.device,
        threads=settings.threads or max(1, cores() // workers),
        batch_tokens=settings.batch_tokens,
        cache=workspace.cache,
    )
    if dry_run:
        _print_plan(job, as_json=as_json)
        return
    try:
        result = run_batch(
            job, plugins.load("executor", executor)(workers=workers), force=force, progress=output.progress()
        )
    except KeyboardInterrupt:
        print("the same command goes on where this one stopped", file=sys.stderr)
        raise
    _print_result(result, as_json=as_json)


def _print_plan(job: BatchJob, *, as_json: bool) -> None:
    from tamis.predict import plan_batch

    files = plan_batch(job, progress=output.progress())
    if as_json:
        output.print_json([vars(file) for file in files])
        return
    rows = [[file.uri, file.bytes, file.rows, file.rejected, file.shards, file.unreadable or ""] for file in files]
    output.print_table(["file", "bytes", "rows", "rejected", "shards", "cannot be read"], rows)
    total = sum(file.shards for file in files)
    print(f"{sum(file.rows for file in files):,} rows in {total:,} shards would go to {job.target}.")


def _print_result(result: BatchResult, *, as_json: bool) -> None:
    if as_json:
        output.print_json(vars(result))
        return
    resumed = f", {result.resumed_shards:,} of them by an earlier run" if result.resumed_shards else ""
    print(
        f"{result.target}: {result.rows:,} rows of {result.files:,} files in {result.shards:,} shards{resumed}, "
        f"predicted by {result.model} ({result.engine})."
    )
    rows = [[reason, count, f"{count / result.rows:.1%}"] for reason, count in result.reasons.items()]
    if rows:
        output.print_table(["reason", "rows", "share"], rows)
    if result.rejects is not None:
        print(f"{result.rejected:,} rows could not be read: {result.rejects}")
    print(f"All files and their hashes: {result.manifest}")
