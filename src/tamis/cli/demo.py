"""`tamis demo`: the whole way so far, on real text that every machine has, with nothing to download."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer


def add_commands(app: typer.Typer) -> None:
    """Add `tamis demo`, which calls the other commands of `app`."""

    @app.command("demo")
    def demo(
        folder: Annotated[Path, typer.Argument(help="Where to work.")] = Path("tamis-demo"),
        rows: Annotated[int, typer.Option(help="How many rows to train and judge on: fewer are quicker.")] = 1600,
    ) -> None:
        """From real text to a model that answers, in a new folder, showing each command.

        With DEMO_KEEP=1 in the environment the server at the end is left running.

        Example: tamis demo --rows 300
        """
        if not (folder / "tamis.yaml").exists():
            _run(app, "init", str(folder))
        print(f"\n$ cd {shlex.quote(str(folder))}")
        with contextlib.chdir(folder):
            _run(app, "data", "import", "demo:docstrings", "--name", "docs")
            _run(app, "data", "check", "docs")
            _run(app, "data", "split", "docs", "--by", "group", "--rows", str(rows))
            _run(app, "explore", "docs", "--output", "report.html", "--force")
            _run(app, "data", "sql", "select topic, count(*) as rows from docs group by topic order by rows desc")
            for family in ("linear", "probe", "encoder"):
                epochs = ("--epochs", "3") if family == "encoder" else ()
                _run(app, "train", "docs", "--family", family, "--name", family, *epochs)
            _run(app, "export", "encoder", "--to", "onnx", "--quick")
            _run(app, "evaluate", "encoder")
            _run(app, "compare", "linear", "encoder")
            _run(app, "predict", "--model", "encoder", *(word for text in _QUESTIONS for word in ("--text", text)))
            _serve("encoder", question=_QUESTIONS[0])
        print(f"\nThe pages to look at: {(folder / 'report.html').resolve()}")
        for page in sorted((folder / ".tamis" / "runs" / "encoder").rglob("*.html")):
            print(f"                      {page.resolve()}")


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
