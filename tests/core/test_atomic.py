"""Whole or not at all: what a reader sees when a writer fails, is killed, or is second."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tamis.core import abandoned, atomic_file, draft_folder, publish, write_atomic


def test_a_failed_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_atomic(path, "old")
    with pytest.raises(RuntimeError), atomic_file(path) as file:
        file.write(b"new, but not who")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_can_be_read_by_whom_the_umask_allows(tmp_path):
    before = os.umask(0o022)
    try:
        write_atomic(tmp_path / "a", "x")
    finally:
        os.umask(before)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o644


def test_a_published_folder_is_never_replaced(tmp_path):
    with draft_folder(tmp_path) as draft:
        (draft / "data").write_text("first")
        publish(draft, tmp_path / "v1")
    with draft_folder(tmp_path) as draft:
        (draft / "data").write_text("second")
        with pytest.raises(FileExistsError):
            publish(draft, tmp_path / "v1")
    assert (tmp_path / "v1" / "data").read_text() == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["v1"]


def test_what_a_killed_writer_leaves_is_found(tmp_path):
    code = (
        "import sys, time; from pathlib import Path; from tamis.core import draft_folder\n"
        f"with draft_folder(Path({str(tmp_path)!r})) as draft:\n"
        "    (draft / 'half').write_text('half'); print('ready', flush=True); time.sleep(60)"
    )
    writer = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    assert writer.stdout is not None
    assert writer.stdout.readline() == b"ready\n"
    assert abandoned(tmp_path) == []  # it still lives
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    writer.stdout.close()
    deadline = time.monotonic() + 5
    while not abandoned(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [(path / "half").read_text() for path in abandoned(tmp_path)] == ["half"]
