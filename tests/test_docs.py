"""The documentation is tested: links lead somewhere, commands exist, and what a page tells to run does run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer.main

from tamis.cli.main import app
from tamis.core import create_workspace

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "recipes/**/*.md") for path in ROOT.glob(pattern))
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# these belong to the checkout, not to a workspace
NOT_HERE = ("make ", "git ", "pip ", "python -m pip", "apt-get ")


def commands() -> dict[str, str]:
    """Return the help text of each command by its full name: `data import`."""
    found: dict[str, str] = {}

    def visit(command, words):
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                visit(inner, [*words, name])
        else:
            found[" ".join(words)] = command.help or ""

    visit(typer.main.get_command(app), [])
    return found


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=NAMES)
def test_commands_named_in_a_page_exist(page):
    known = commands()
    for line in "\n".join(blocks(page.read_text(), "(?:bash|console)")).splitlines():
        words = line.removeprefix("$ ").split()
        if words[:1] == ["tamis"] and len(words) > 1 and not words[1].startswith("-"):
            assert words[1] in known or " ".join(words[1:3]) in known, f"{page.name}: {line}"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_an_example_of_itself(name):
    assert f"Example: tamis {name}" in commands()[name]


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page.read_text(), "bash")], ids=lambda page: page.stem
)
def test_what_a_page_tells_to_run_runs(page, tmp_path):
    create_workspace(tmp_path)
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    lines = "\n".join(blocks(page.read_text(), "bash")).splitlines()
    script = "\n".join(line for line in lines if not line.startswith(NOT_HERE))
    done = subprocess.run(
        ["bash", "-eux", "-o", "pipefail"],
        input=script,
        cwd=tmp_path,
        env=environment,
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
