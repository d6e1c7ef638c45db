"""`tamis data split`: which rows teach, which choose, and which judge."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import typer

from tamis.cli import output

if TYPE_CHECKING:
    from tamis.split import SplitResult


def add_commands(data_app: typer.Typer) -> None:
    """Add `tamis data split`."""
    data_app.command("split")(split)


def split(
    name: Annotated[str, typer.Argument(help="A dataset, as in `reviews` or `reviews@2`.")],
    by: Annotated[
        Literal["label", "group", "time"],
        typer.Option(
            help="What to go by: label (same shares everywhere), group (none on two sides), time (newest is test)."
        ),
    ] = "label",
    fractions: Annotated[
        str | None, typer.Option(help="Share of each split, as in train=0.7,validation=0.15,test=0.15.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Another seed, another split.")] = None,
    column: Annotated[
        str | None, typer.Option(help="The column to go by, if it is not the dataset's own group or time.")
    ] = None,
    from_column: Annotated[
        str | None,
        typer.Option(help="A column that already names each row's split; dev, holdout and the like are known."),
    ] = None,
    mapped: Annotated[
        list[str] | None, typer.Option("--map", help="What a value of --from-column means, as in 'fold 3=test'.")
    ] = None,
    hold_out: Annotated[str | None, typer.Option(help="A file or dataset whose rows become the test split.")] = None,
    no_near_duplicates: Annotated[
        bool, typer.Option("--no-near-duplicates", help="Do not look for near-duplicates: quicker, and they may leak.")
    ] = False,
    rows: Annotated[
        int | None, typer.Option(help="Share out only so many rows, for a quick try; the others are in no split.")
    ] = None,
    balance: Annotated[
        Literal["down", "over"] | None,
        typer.Option(help="Even out the classes of train: down leaves rows out, over repeats some."),
    ] = None,
    balance_ratio: Annotated[
        float | None, typer.Option(help="How many times the smallest class the largest may be; 1 is even.")
    ] = None,
    balance_all: Annotated[
        bool, typer.Option("--balance-all", help="Balance validation and test too; their scores then mislead.")
    ] = False,
    as_json: output.Json = False,
) -> None:
    """Make a new version of a dataset that says which rows are for training, validation and test.

    Classes keep their shares, near-duplicates stay together, and no row is lost.

    Example: tamis data split reviews --fractions train=0.8,test=0.2
    """
    from tamis.core import UsageError
    from tamis.data import open_dataset
    from tamis.features import FeatureSettings
    from tamis.split import SplitOptions, SplitSettings, open_hold_out, parse_fractions, parse_names, split_dataset

    workspace, shown = output.workspace(), output.progress()
    settings = workspace.config.of(SplitSettings)
    if balance_ratio is not None and balance is None:
        raise UsageError("--balance-ratio says how far to balance, not how", hint="add --balance down or over")
    dataset = open_dataset(workspace, name)
    options = SplitOptions(
        fractions=parse_fractions(fractions) if fractions is not None else settings.fractions,
        seed=settings.seed if seed is None else seed,
        by=by,
        column=column,
        from_column=from_column,
        names=parse_names(mapped or []),
        near_duplicates=not no_near_duplicates,
        threshold=workspace.config.of(FeatureSettings).near_duplicate_threshold,
        rows=rows,
        balance=balance,
        balance_ratio=settings.balance_ratio if balance_ratio is None else balance_ratio,
        balance_all=balance_all,
        hold_out=None if hold_out is None else open_hold_out(workspace, dataset, hold_out, progress=shown),
    )
    result = split_dataset(workspace, dataset, options, progress=shown)
    if as_json:
        output.print_json(result.to_dict())
    else:
        _print(result)


def _print(result: SplitResult) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=result.dataset.ref, title_justify="left", title_style="bold"
    )
    splits = [split for split in result.rows if split != "none"]
    digits = 1 if len(result.rows) <= 3 else 0  # so that the table fits a terminal of 80 columns
    table.add_column("class", overflow="fold")
    for split in splits:
        table.add_column(split, justify="right", no_wrap=True)
    if "none" in result.rows:
        table.add_column("no split", justify="right", style="dim", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True)
    whole = sum(result.rows.values())
    for label in dict.fromkeys(label for counts in result.counts.values() for label in counts):
        row = {split: result.counts[split].get(label, 0) for split in result.rows}
        cells = [_share(row[split], result.rows[split], digits) for split in splits]
        left = [f"{row['none']:,}"] if "none" in row else []
        table.add_row(Text(label), *cells, *left, _share(sum(row.values()), whole, digits))
    table.add_section()
    shares = [_share(result.rows[split], whole, digits) for split in splits]
    left = [f"{result.rows['none']:,}"] if "none" in result.rows else []
    table.add_row("rows", *shares, *left, _share(whole, whole, digits))
    console.print(table)
    for sentence in result.said:
        console.print(Text(sentence), soft_wrap=not console.is_terminal)
    for sentence in result.warnings:
        console.print(Text.assemble(("warning: ", "yellow"), sentence), soft_wrap=not console.is_terminal)
    if not result.new:
        console.print(f"these very rows and splits are {result.dataset.ref} already; nothing was written")


def _share(count: int, whole: int, digits: int) -> str:
    width = 3 if digits == 0 else 5
    return f"{count:,} {100 * count / max(whole, 1):{width}.{digits}f}%"
