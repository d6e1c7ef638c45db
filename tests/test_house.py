"""The house rules that no linter knows: what is imported when, by whom, and how files begin."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[1] / "src" / "tamis"
FILES = sorted(SOURCE.rglob("*.py"))
CHAPTERS = {path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists()}
# `core` lends two of its files by name, because they are small libraries of functions
LENT = {
    f"tamis.core.{file}"
    for file in ("charts", "doctor", "document", "drawing", "markdown", "page", "plugins", "progress")
}
HEAVY = {
    "torch",
    "transformers",
    "sklearn",
    "scipy",
    "pandas",
    "polars",
    "pyarrow",
    "duckdb",
    "matplotlib",
    "mlflow",
    "fastapi",
    "tokenizers",
    "rich",
    "numpy",
}


def imported_by(code: str) -> set[str]:
    """Return the top-level packages in sys.modules after some code ran in a fresh interpreter."""
    probe = f"{code}\nimport sys; print(' '.join({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_import_tamis_loads_nothing_but_the_standard_library():
    extra = imported_by("import tamis") - imported_by("pass") - set(sys.stdlib_module_names)
    assert extra == {"tamis"}


@pytest.mark.parametrize("words", [["--help"], ["data", "--help"]], ids=" ".join)
def test_help_loads_no_heavy_library(words):
    code = f"import contextlib\nfrom tamis.cli.main import main\nwith contextlib.suppress(SystemExit): main({words})"
    loaded = imported_by(code)
    assert "tamis" in loaded
    # to run a command typer needs pydantic; to show the list of commands it does not
    assert not loaded & (HEAVY | ({"pydantic", "yaml"} if words == ["--help"] else set()))


def test_a_server_loads_nothing_that_reads_datasets():
    loaded = imported_by("import tamis.serve")
    assert "fastapi" in loaded
    assert not loaded & {"torch", "transformers", "sklearn", "scipy", "pandas", "polars", "pyarrow", "duckdb", "mlflow"}


def test_a_workspace_that_says_how_to_split_does_not_load_tables_for_every_command():
    loaded = imported_by('from tamis.core import load_config\nload_config(overrides=["split.seed=1", "train.seed=1"])')
    assert "pyarrow" in loaded
    assert not loaded & {"pandas", "polars", "torch", "transformers", "sklearn"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_a_file_says_what_it_is_for_and_takes_chapters_whole(path):
    tree = ast.parse(path.read_text())
    doc = ast.get_docstring(tree)
    assert doc, "the first line says what the file is for"
    assert path.stem not in {"utils", "helpers", "common", "misc"}
    chapter = path.relative_to(SOURCE).parts[0].removesuffix(".py")
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("tamis."):
            parts = node.module.split(".")
            inner = len(parts) > 2 and parts[1] in CHAPTERS and parts[1] not in (chapter, "backends")
            assert node.module in LENT or chapter == "__main__" or not inner, (
                f"line {node.lineno}: import the chapter, not {node.module}"
            )


@pytest.mark.parametrize("chapter", sorted(CHAPTERS))
def test_a_chapter_explains_itself(chapter):
    tree = ast.parse((SOURCE / chapter / "__init__.py").read_text())
    assert len(ast.get_docstring(tree) or "") > 60


def test_only_the_command_line_prints():
    for path in FILES:
        if "cli" in path.relative_to(SOURCE).parts:
            continue
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        assert not [call.lineno for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"], path
