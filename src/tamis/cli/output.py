"""What all commands share: the workspace they run in, and how results, tables and progress are shown."""

from __future__ import annotations

import contextlib
import json
import math
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from tamis.core import Progress, Workspace
    from tamis.core.progress import Advance

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON for machines.")]


_CONTROLS = {code: "?" for code in (*range(32), *range(127, 160)) if chr(code) not in "\t\n"}
"""What would move the cursor or change the terminal, if it stood in a name or a text."""


@dataclass
class _Context:
    workspace_folder: Path | None = None
    overrides: tuple[str, ...] = ()


context = _Context()


def workspace(*, lazy: bool = False) -> Workspace:
    """Return the workspace that this command line is about; a `lazy` one loads the settings that are asked for."""
    from tamis.core import Workspace

    return Workspace.find(context.workspace_folder, overrides=context.overrides, lazy=lazy)


def print_json(value: Any) -> None:
    """Print a value as JSON; dates, paths and numpy numbers become plain ones."""
    print(json.dumps(_finite(value), indent=2, ensure_ascii=False, default=_plain, allow_nan=False))


def print_table(
    headers: Sequence[str], rows: Sequence[Sequence[object]], *, title: str = "", plain: bool = False
) -> None:
    """Print a table; numbers stand right, with thousands separators unless `plain`."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Text(title.translate(_CONTROLS)) if title else None  # as text: what looks like markup is none
    table = Table(box=box.SIMPLE_HEAD, title=shown, title_justify="left", title_style="bold", pad_edge=False)
    for column, header in enumerate(headers):
        numeric = any(isinstance(row[column], (int, float)) for row in rows)
        table.add_column(header, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value, plain=plain).translate(_CONTROLS)) for value in row))
    Console(highlight=False).print(table)


def progress() -> Progress:
    """Return a progress bar with an estimate on a terminal, and silence elsewhere."""
    from tamis.core import Silent

    return _Bars() if sys.stderr.isatty() else Silent()


class _Bars:
    @contextlib.contextmanager
    def track(self, what: str, *, total: float | None, unit: str) -> Iterator[Advance]:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeElapsedColumn(),
            TextColumn("left"),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
            task = bars.add_task(what, total=total, rate="")
            start, done = time.monotonic(), 0.0

            def advance(amount: float) -> None:
                nonlocal done
                done += amount
                seconds = max(time.monotonic() - start, 1e-3)
                bars.update(task, advance=amount, rate=f"{short(done)} {unit}, {short(done / seconds)}/s")

            yield advance


def several(names: Sequence[str] | None) -> tuple[str, ...]:
    """Return the names of an option that may be repeated, or hold several with commas between."""
    return tuple(name.strip() for each in names or () for name in each.split(",") if name.strip())


def short(number: float) -> str:
    """Return a number in few signs: 12.3k."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            return f"{number / size:.1f}{letter}"
    return f"{number:.0f}"


def _cell(value: object, *, plain: bool = False) -> str:
    if value is None:
        return "–"
    if plain and not isinstance(value, bool):
        return f"{value:.{6 if abs(value) < 1e6 else 12}g}" if isinstance(value, float) else str(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON does not know: NaN and the infinities."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date):
        return value.isoformat()
    return value.item() if hasattr(value, "item") else str(value)
