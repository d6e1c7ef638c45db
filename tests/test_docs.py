"""The documentation is tested: links lead somewhere, commands exist, and what a page tells to run does run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer.main

from tamis.cli.main import app
from tamis.core import Workspace, create_workspace
from tamis.registry import open_registry, register_run

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "recipes/**/*.md") for path in ROOT.glob(pattern))
NAMES = [str(page.relative_to(ROOT)) for page in PAGES]
# these belong to the checkout, not to a workspace
NOT_HERE = ("make ", "git ", "pip ", "python -m pip", "apt-get ")
# so begin many pages; it is run once for all of them
BEGINNING = """\
tamis data import demo:docstrings --name docs
tamis data split docs
tamis train docs --family linear
""".splitlines()


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
            # `tamis run` alone is `tamis run start`
            named = {words[1], " ".join(words[1:3]), f"{words[1]} start"}
            assert named & known.keys(), f"{page.name}: {line}"


@pytest.mark.parametrize("name", sorted(commands()))
def test_every_command_has_an_example_of_itself(name):
    assert f"Example: tamis {name}" in commands()[name]


@pytest.fixture(scope="module")
def reviews(tmp_path_factory):
    """A workspace with the dataset that the examples speak of."""
    root = tmp_path_factory.mktemp("reviews")
    create_workspace(root)
    words = ["tender", "bright", "slow", "loud", "warm", "thin"]
    who, what = (
        ["actors", "songs", "jokes", "scenes", "lines"],
        ["city", "sea", "war", "farm", "school", "court", "zoo"],
    )
    rows = [
        f"{n},{n % 4},a {words[n % 6]} film: {who[n % 5]} about the {what[n % 7]} in {n},{'good' if n % 3 else 'bad'}"
        for n in range(60)
    ]
    rows += [f"{n},1,one <b>bold</b> film &amp; its copy,good" for n in (60, 61)]  # something to mend
    (root / "reviews.csv").write_text("\n".join(["id,stars,text,label", *rows]) + "\n")
    run("tamis data import reviews.csv --name reviews", root)
    run("tamis data split reviews", root)
    run("tamis train reviews --family linear 'train.trackers=[]'", root)
    run("tamis run pipeline.source=dataset:reviews --only import", root)
    versions = Workspace(root)
    register_run(versions, "reviews-linear-1", reason="the first one")
    open_registry(versions).approve("reviews@1", reason="good enough to begin with")
    open_registry(versions).promote("reviews@1", reason="it is the only one")
    run("tamis evaluate reviews-linear-1 --no-pictures", root)  # with its evaluation it is another version
    register_run(versions, "reviews-linear-1", reason="evaluated")
    return root


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(commands()))
def test_the_examples_of_a_command_run(name, reviews, tmp_path):
    shutil.copytree(reviews, tmp_path / "here")
    for example in re.findall(r"^\s*Example: (tamis .*)$", commands()[name], re.MULTILINE):
        if name == "serve":  # it goes on until it is told to stop
            example = (
                f"{example} > told & until grep -q http told; do kill -0 $!; sleep 0.1; done; kill $!; wait $!; rm told"
            )
        run(example, tmp_path / "here", may_find=name == "data check")


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in PAGES if blocks(page.read_text(), "bash")], ids=lambda page: page.stem
)
def test_what_a_page_tells_to_run_runs(page, tmp_path, request):
    lines = "\n".join(blocks(page.read_text(), "bash")).splitlines()
    if lines[: len(BEGINNING)] == BEGINNING:
        shutil.copytree(request.getfixturevalue("begun"), tmp_path, dirs_exist_ok=True)
        lines = lines[len(BEGINNING) :]
    else:
        create_workspace(tmp_path)
    run("\n".join(line for line in lines if not line.startswith(NOT_HERE)), tmp_path)


@pytest.fixture(scope="module")
def begun(tmp_path_factory):
    """A workspace in which the beginning of many pages was run."""
    root = tmp_path_factory.mktemp("begun")
    create_workspace(root)
    run("\n".join(BEGINNING), root)
    return root


def run(script: str, folder: Path, *, may_find: bool = False) -> None:
    """Run shell lines in a folder as a reader would; a check may end with 3, for it found something."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "COLUMNS": "100"}
    shell = ["bash", "-eux", "-o", "pipefail"]
    done = subprocess.run(shell, input=script, cwd=folder, env=environment, text=True, capture_output=True, timeout=600)
    assert done.returncode in ((0, 3) if may_find else (0,)), done.stdout[-3000:] + done.stderr[-3000:]
