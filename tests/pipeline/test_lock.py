"""One run at a time on a workspace, and who that is."""

import contextlib
import os
import signal
import subprocess
import sys
import time

import pytest

from tamis.core import UsageError
from tamis.pipeline import Graph, RunStore, holder_of
from tamis.pipeline.lock import hold

HOLD = """
import os, sys, time
from pathlib import Path
from tamis.core import Workspace
from tamis.pipeline.lock import hold
with hold(Workspace(Path(sys.argv[1])), "run-1", command="tamis run --force train"):
    if sys.argv[2] == "fork" and os.fork() == 0:
        time.sleep(60)
        os._exit(0)
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_runs_at_once(workspace):
    first, second = (RunStore.create(workspace, Graph(name="g", steps=()), {}) for _ in range(2))
    assert holder_of(workspace) is None
    with first.hold(command="tamis run"):
        with pytest.raises(
            UsageError, match=rf"run-1 \(process {os.getpid()}, since 20.* UTC: tamis run\) runs in this"
        ):
            second.hold().__enter__()
        assert str(holder_of(workspace)).startswith("run-1 (process")
    with second.hold():
        assert holder_of(workspace).run == "run-2"
    assert holder_of(workspace) is None


@pytest.mark.parametrize("how", ["alone", "fork"])
def test_a_dead_holder_does_not_block(workspace, how):
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(workspace.root), how],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout.readline() == "held\n"
            with pytest.raises(UsageError, match=rf"run-1 \(process {process.pid}, .*: tamis run --force train\)"):
                hold(workspace, "run-2", command="tamis run").__enter__()
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            with hold(workspace, "run-2", command="tamis run"):
                assert holder_of(workspace).run == "run-2"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with the child that it forked


def test_who_only_looks_is_in_nobodys_way(workspace):
    code = (
        "import sys\nfrom pathlib import Path\nfrom tamis.core import Workspace\nfrom tamis.pipeline import holder_of\n"
    )
    code += "print('looking', flush=True)\nwhile True: holder_of(Workspace(Path(sys.argv[1])))\n"
    (workspace.pipeline).mkdir(parents=True)
    (workspace.pipeline / "lock").touch()
    with subprocess.Popen(
        [sys.executable, "-c", code, str(workspace.root)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout.readline() == "looking\n"
            until = time.monotonic() + 0.3
            while time.monotonic() < until:
                with hold(workspace, "run-1", command="tamis run"):
                    pass
        finally:
            process.kill()
