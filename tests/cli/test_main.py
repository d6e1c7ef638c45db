"""The command line: exit codes, one clear message, and settings given as words."""

from __future__ import annotations

import errno
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tamis.cli import output
from tamis.cli.main import _split_overrides, main


def test_settings_are_told_from_other_words():
    words, overrides = _split_overrides(
        ["data", "split", "reviews", "split.seed=7", "--note", "a=b", "quality.a.b=x y"]
    )
    assert words == ["data", "split", "reviews", "--note", "a=b"]
    assert overrides == ("split.seed=7", "quality.a.b=x y")


def test_help_uses_the_width_that_there_is(tamis, monkeypatch):
    for columns, most in (("80", 80), ("120", 120), ("300", 120)):
        monkeypatch.setenv("COLUMNS", columns)
        longest = max(map(len, tamis("run", "--help").out.splitlines()))
        assert most - 10 <= longest <= most


def test_what_follows_two_dashes_is_left_alone():
    assert _split_overrides(["a", "--", "split.seed=7"]) == (["a", "--", "split.seed=7"], ())


def test_wrong_use_exits_2_without_a_traceback(tamis, capfd):
    assert tamis("data", "no-such-command").code == 2
    outcome = tamis("data", "show", "nothing")
    assert outcome.code == 2
    assert outcome.err.startswith("tamis: no dataset 'nothing'")
    assert "Traceback" not in outcome.err


def test_the_workspace_can_be_named_by_flag_or_environment(workspace, tamis, monkeypatch, capsys, tmp_path):
    monkeypatch.chdir("/")
    with pytest.raises(SystemExit) as stop:
        main(["config", "show"])
    assert stop.value.code == 2
    assert "tamis init" in capsys.readouterr().err
    monkeypatch.setenv("TAMIS_WORKSPACE", str(workspace.root))
    with pytest.raises(SystemExit) as stop:
        main(["config", "show", "--json"])
    assert stop.value.code == 0
    assert "data" in json.loads(capsys.readouterr().out)


def test_a_full_disk_is_said_in_one_line(tamis, monkeypatch, workspace):
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    command = [sys.executable, "-m", "tamis", "-w", str(workspace.root), "config", "show"]
    with full.open("w") as stdout:
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 1
    assert os.strerror(errno.ENOSPC) in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(workspace):
    done = subprocess.run(
        f"{sys.executable} -m tamis -w {workspace.root} config schema | head -1",
        shell=True,
        text=True,
        capture_output=True,
    )
    assert done.stderr == ""


def test_the_version_is_the_installed_one(tamis):
    from importlib.metadata import version

    assert tamis("--version").out.strip() == f"tamis {version('tamis')}"


def test_progress_is_drawn_on_a_terminal_and_silent_elsewhere():
    code = (
        "from tamis.cli import output\n"
        "with output.progress().track('reading', total=3, unit='rows') as advance:\n"
        "    for _ in range(3): advance(1)"
    )
    quiet = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (quiet.stdout, quiet.stderr) == ("", "")
    mine, theirs = pty.openpty()
    subprocess.run([sys.executable, "-c", code], stderr=theirs, env=os.environ | {"TERM": "xterm"})
    os.close(theirs)
    drawn = os.read(mine, 100_000).decode()
    os.close(mine)
    assert "reading" in drawn
    assert "rows" in drawn


def test_json_is_strict(capsys):
    output.print_json({"a": [float("nan"), 1.5, (float("inf"),)], "b": b"\x01"})
    assert json.loads(capsys.readouterr().out) == {"a": [None, 1.5, [None]], "b": "01"}
