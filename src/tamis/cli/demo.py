"""`tamis demo`: the whole way, on real text that every machine has, with nothing to download."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from tamis.cli import output


def add_commands(app: typer.Typer) -> None:
    """Add `tamis demo`, which calls the other commands of `app`."""

    @app.command("demo")
    def demo(
        folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path("tamis-demo"),
        rows: Annotated[
            int | None, typer.Option(help="How many rows to train and judge on: fewer are quicker. [default: 1600]")
        ] = None,
        families: Annotated[
            str | None, typer.Option(help="The kinds of model to train. [default: linear,encoder]")
        ] = None,
    ) -> None:
        """From real text to an approved model that answers, in a folder of its own, showing each command.

        A second time nothing has changed, so nothing runs again. With DEMO_KEEP=1 in the environment the server at the
        end is left running.

        Example: tamis demo --rows 300 --families linear
        """
        config = folder / "tamis.yaml"
        if not config.exists():
            _run(app, "init", str(folder))
            config.write_text(_SETTINGS + config.read_text("utf-8"), "utf-8")
        print(f"\n$ cd {shlex.quote(str(folder))}\n$ head -{len(_SETTINGS.splitlines())} tamis.yaml")
        print("".join(config.read_text("utf-8").splitlines(keepends=True)[: len(_SETTINGS.splitlines())]), end="")
        asked = [] if rows is None else [f"pipeline.split.rows={rows}"]
        asked += [] if families is None else [f"pipeline.families=[{families}]"]
        with contextlib.chdir(folder):
            output.context.overrides = tuple(asked)
            _run(app, "run", shown=asked)
            output.context.overrides = ()
            _run(app, "models", "list")
            _run(app, "predict", "--model", _MODEL, *(word for text in _QUESTIONS for word in ("--text", text)))
            _serve(_MODEL, question=_QUESTIONS[0])
        print("\nThe pages to look at:")
        for page in sorted((folder / ".tamis").rglob("*.html")):
            if not page.is_relative_to(folder / ".tamis" / "cache"):
                print(f"  {page.resolve()}")


_MODEL = "docs@champion"
_SETTINGS = """\
# What `tamis demo` does; `tamis run` does it again when something of it changes.
pipeline:
  source: demo:docstrings
  split: {by: group, rows: 1600}
  families: [linear, encoder]
  quick_export: true
  gates:
    minimum: {macro_f1: 0.05}  # always saying the commonest topic gets 0.04
  approve: automatic
train: {epochs: 3}

"""
_QUESTIONS = (
    "Return the dot product of two arrays.",
    "Open a socket and send a request to the server.",
    "The boat is green.",
)


def _serve(model: str, *, question: str) -> None:
    """Start the server as a process of its own, ask it a question as anybody would, and stop it."""
    print(f"\n$ tamis serve {model} --port 0 &", flush=True)
    with Path("serve.log").open("w") as log:
        command = [sys.executable, "-m", "tamis", "serve", model, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    assert server.stdout is not None
    ready = server.stdout.readline().strip()
    if not ready:
        print(Path("serve.log").read_text(), file=sys.stderr)
        raise typer.Exit(server.wait() or 1)
    print(ready)
    try:
        _ask(f"{ready.split()[-1]}/predict", json.dumps({"text": question, "top_k": 3}))
    finally:
        if os.environ.get("DEMO_KEEP"):
            print(f"The server goes on; end it with: kill {server.pid}")
        else:
            server.terminate()
            server.wait()


def _ask(address: str, body: str) -> None:
    """Send a question by curl where there is one, and show both."""
    kind = "content-type: application/json"
    print(f"\n$ curl -s {address} -H '{kind}' -d {shlex.quote(body)}", flush=True)
    if shutil.which("curl"):
        subprocess.run(["curl", "-sS", "--fail-with-body", address, "-H", kind, "-d", body], check=True)
    else:
        import urllib.request

        request = urllib.request.Request(address, body.encode(), dict([kind.split(": ")]))
        with urllib.request.urlopen(request) as answer:
            sys.stdout.write(answer.read().decode())
    print()


def _run(app: typer.Typer, *words: str, shown: Sequence[str] = ()) -> None:
    """Run one command as if it had been typed; `shown` are settings that were given with it."""
    from tamis.core import TamisError

    print(f"\n$ tamis {shlex.join([*words, *shown])}", flush=True)
    code: str | int | None
    try:
        app(list(words), prog_name="tamis")
        code = 0
    except SystemExit as stop:
        code = stop.code
    except TamisError as error:
        print(f"tamis: {error}", file=sys.stderr)
        code = error.exit_code
    if code:
        raise typer.Exit(int(code))
