"""`tamis demo`: the whole way so far, on real text that every machine has, with nothing to download."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    """Add `tamis demo`, which calls the other commands of `app`."""

    @app.command("demo")
    def demo(folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path("tamis-demo")) -> None:
        """Import, check, split and explore real text in a new folder, showing each command.

        Example: tamis demo
        """
        if not (folder / "tamis.yaml").exists():
            _run(app, "init", str(folder))
        print(f"\n$ cd {shlex.quote(str(folder))}")
        with contextlib.chdir(folder):
            _run(app, "data", "import", "demo:docstrings", "--name", "docs")
            _run(app, "data", "check", "docs")
            _run(app, "data", "split", "docs", "--by", "group")
            _run(app, "explore", "docs", "--output", "report.html", "--force")
            _run(app, "data", "sql", "select topic, count(*) as rows from docs group by topic order by rows desc")
        print(f"\nThe page to look at: {(folder / 'report.html').resolve()}")


def _run(app: typer.Typer, *words: str) -> None:
    """Run one command as if it had been typed; findings of a check do not end the demo, all else does."""
    from tamis.core import CheckFailed

    print(f"\n$ tamis {shlex.join(words)}", flush=True)
    code: str | int | None
    try:
        app(list(words), prog_name="tamis")
        code = 0
    except SystemExit as stop:
        code = stop.code
    except CheckFailed as error:
        print(f"tamis: {error}", file=sys.stderr)
        code = error.exit_code
    if code == CheckFailed.exit_code:
        print("(exit code 3: in a pipeline this would be the end of the run; the demo goes on)")
    elif code:
        raise typer.Exit(int(code))
