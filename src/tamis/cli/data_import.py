"""`tamis data import`: brings text in from wherever it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tamis.cli import output
from tamis.cli.constraints import verify_imported

if TYPE_CHECKING:
    import pyarrow as pa

    from tamis.data import ImportResult

_ROLES, _READING = "Roles (guessed and shown when not given)", "Reading (found out and shown when not given)"


def _role(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_ROLES)


def _reading(help: str, *names: str) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=_READING)


def add_commands(data_app: typer.Typer) -> None:
    """Add this file's command to `tamis data`."""
    data_app.command("import")(import_source)


def import_source(
    source: Annotated[
        str, typer.Argument(help="A file, glob, folder, http(s)://, s3://, hf://, database URL or demo:docstrings.")
    ],
    name: Annotated[str, typer.Option("--name", "-n", help="The dataset's name.")],
    kind: Annotated[str | None, _reading("What the source is, when its name does not tell: csv, jsonl, text…")] = None,
    text: Annotated[
        list[str] | None, _role("The column of text; several are joined: title,body, or --text twice.")
    ] = None,
    template: Annotated[str | None, _role("How columns become one text: '{title}. {body}'.")] = None,
    label: Annotated[str | None, _role("The column of labels.")] = None,
    labels_delimiter: Annotated[str | None, _role("What separates several labels in one field.")] = None,
    one_hot: Annotated[str | None, _role("A label for each of these columns of 0 and 1: a,b,c.")] = None,
    id_column: Annotated[str | None, _role("The column that names the row.", "--id")] = None,
    group: Annotated[str | None, _role("The column whose equal values belong together (author, document).")] = None,
    time: Annotated[str | None, _role("The column that dates the row.")] = None,
    split: Annotated[str | None, _role("The column that says train, test….")] = None,
    weight: Annotated[str | None, _role("The column of row weights.")] = None,
    annotator: Annotated[str | None, _role("The column that names who labelled.")] = None,
    none: Annotated[str | None, _role("Roles that no column plays: group,time.")] = None,
    task: Annotated[str | None, _role("single_label, multi_label or ordinal.")] = None,
    encoding: Annotated[str | None, _reading("utf-8, cp1252, iso-8859-1, utf-16…")] = None,
    delimiter: Annotated[str | None, _reading("What separates fields: ',', ';', tab….")] = None,
    quoting: Annotated[str, _reading("auto; minimal: quotes enclose fields; none: quotes are letters.")] = "auto",
    header: Annotated[bool | None, _reading("Whether the first line holds names.", "--header/--no-header")] = None,
    null_values: Annotated[
        str | None, _reading("Words that mean `missing`: NA,NULL. An empty field always does.")
    ] = None,
    records: Annotated[str | None, _reading("Where in a JSON document the records are: data.items.")] = None,
    label_prefix: Annotated[str, _reading("What marks a label in fastText lines.")] = "__label__",
    query: Annotated[str | None, _reading("SQL to run on a database.")] = None,
    table: Annotated[str | None, _reading("A table of a database.")] = None,
    hub_split: Annotated[str | None, _reading("The split of a hub data set.")] = None,
    subset: Annotated[str | None, _reading("The configuration of a hub data set.")] = None,
    password: Annotated[str | None, _reading("Opens encrypted documents.")] = None,
    password_file: Annotated[Path | None, _reading("A file of passwords, one a line.")] = None,
    ocr: Annotated[bool, _reading("Read scanned pages with tesseract.")] = False,
    ocr_language: Annotated[str, _reading("Their language: eng, deu, eng+fra….")] = "eng",
    per: Annotated[str, _reading("A row for each document or page.")] = "document",
    workers: Annotated[int | None, _reading("Processes that read documents at the same time.")] = None,
    executor: Annotated[str, _reading("Who runs these processes: local, ray.")] = "local",
    max_rejects: Annotated[
        str | None, typer.Option(help="Unreadable rows that may be left out: 0.01, 2% or a number. [default: 1%]")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show roles and first rows; write nothing.")] = False,
    as_json: output.Json = False,
) -> None:
    """Import a source as a new version of a dataset. The same rows again make no new version.

    Example: tamis data import demo:docstrings --name docs
    """
    from tamis.data import RoleChoice, SourceOptions, import_dataset

    result = import_dataset(
        output.workspace(),
        source,
        name=name,
        kind=kind,
        options=SourceOptions(
            encoding=encoding,
            delimiter=delimiter,
            quoting=quoting,
            header=header,
            null_values=_several(null_values),
            records=records,
            label_prefix=label_prefix,
            query=query,
            table=table,
            split=hub_split,
            subset=subset,
            password=password,
            password_file=password_file,
            ocr=ocr,
            ocr_language=ocr_language,
            per=per,
            workers=workers,
            executor=executor,
        ),
        roles=RoleChoice(
            text=_several(",".join(text or ())),
            template=template,
            label=() if label is None else (label,),
            labels_delimiter=labels_delimiter,
            one_hot=_several(one_hot),
            id=id_column,
            group=group,
            time=time,
            split=split,
            weight=weight,
            annotator=annotator,
            task=task,
            none=_several(none),
        ),
        max_rejects=max_rejects,
        dry_run=dry_run,
        progress=output.progress(),
    )
    if as_json:
        output.print_json(_to_dict(result))
        if result.dataset is not None:
            verify_imported(output.workspace(), result.dataset, quiet=True)
        return
    _print_roles(result)
    if result.dataset is None:
        if result.head is not None:
            print_rows(result.head, title="First rows, as they would be stored")
        print("Dry run: nothing was written.")
        return
    _print_outcome(result)
    verify_imported(output.workspace(), result.dataset)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def _several(names: str | None) -> tuple[str, ...]:
    return tuple(name.strip() for name in names.split(",") if name.strip()) if names else ()


def _to_dict(result: ImportResult) -> dict[str, Any]:
    dataset = result.dataset
    return {
        "dataset": None if dataset is None else dataset.ref,
        "new": result.new,
        "source": result.source,
        "kind": result.kind,
        "options": result.options,
        "roles": {guess.role: {"columns": guess.columns, "reason": guess.reason} for guess in result.roles.guesses},
        "hints": result.roles.hints,
        "repeated_ids": result.repeated_ids,
        "rejects": [vars(reject) for reject in result.rejects],
        "rows": None if result.head is None else result.head.to_pylist(),
        "manifest": None if dataset is None else dataset.manifest.model_dump(mode="json"),
    }


def _print_roles(result: ImportResult) -> None:
    print(f"{result.source}: {result.kind}{describe_options(result.options)}")
    for note in result.options.get("notes", ()):
        print(f"  note: {note}")
    rows = [[guess.role, ", ".join(guess.columns), guess.reason] for guess in result.roles.guesses]
    output.print_table(["role", "column", "why"], rows)
    for hint in result.roles.hints:
        print(f"  hint: {hint}")


def describe_options(options: dict[str, Any]) -> str:
    """Return reading options as words: `, delimiter tab, quoting none`."""
    told = {key: value for key, value in options.items() if key != "notes"}
    return "".join(f", {key.replace('_', ' ')} {_word(value)}" for key, value in told.items())


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, (list, tuple)) else str(value)


def _print_outcome(result: ImportResult) -> None:
    assert result.dataset is not None
    manifest = result.dataset.manifest
    if not result.new:
        print(f"Nothing new: {result.dataset.ref} holds these very rows already.")
        return
    facts = [_count(manifest.rows, "row"), f"task {manifest.task}"]
    if manifest.labels:
        facts.append(_count(len(manifest.labels), "label"))
    if manifest.labelled < manifest.rows and manifest.task != "none":
        facts.append(f"{manifest.rows - manifest.labelled:,} without a label")
    if manifest.textless:
        facts.append(f"{manifest.textless:,} without text")
    print(f"Imported {result.dataset.ref}: {', '.join(facts)}.")
    if result.repeated_ids:
        shown = ", ".join(map(repr, result.repeated_examples))
        print(
            f"{result.repeated_ids:,} rows have the id of an earlier row ({shown}…): theirs is now id#row. "
            "--none id counts rows instead."
        )
    if manifest.rejected:
        print(f"{_count(manifest.rejected, 'row')} rejected, kept in {result.dataset.path / 'rejects.parquet'}:")
        for reject in result.rejects:
            content = f": {reject.content[:80]!r}" if reject.content else ""
            print(f"  {reject.source}, row {reject.row:,}: {reject.reason}{content}")
        if manifest.rejected > len(result.rejects):
            print(f"  … and {manifest.rejected - len(result.rejects):,} more")


def print_rows(table: pa.Table, *, title: str) -> None:
    """Print a few rows side by side, a line for each column, long texts cut."""
    import shutil

    shown = table.slice(0, 3)
    width = max(
        12, (shutil.get_terminal_size().columns - max(map(len, table.column_names)) - 4) // max(1, len(shown)) - 3
    )
    rows = [[name, *(_cut(value, width) for value in shown[name].to_pylist())] for name in table.column_names]
    output.print_table(["column", *(f"row {number}" for number in range(1, len(shown) + 1))], rows, title=title)


def _cut(value: object, width: int) -> str:
    if value is None:
        return "–"
    line = " ".join(str(value).split())
    return line if len(line) <= width else f"{line[: width - 1]}…"
