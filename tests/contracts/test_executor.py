"""What every Executor promises, run in this process and in two others."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tamis.core import DataError, WorkerLost, plugins


@pytest.fixture(params=[0, 2], ids=["here", "two processes"])
def executor(request):
    return plugins.load("executor", "local")(workers=request.param)


def double(table: pa.Table) -> pa.Table:
    return table.set_column(0, "n", pc.multiply(table["n"], 2))


def refuse(trial: int) -> int:
    if trial == 2:
        raise DataError("trial 2 cannot be", hint="take another")
    return trial


def who(rank: int, workers: int) -> tuple[int, int, int]:
    return rank, workers, os.getpid()


def test_batches_come_back_in_order(executor):
    batches = [pa.table({"n": [number, number + 1]}) for number in range(0, 20, 2)]
    done = pa.concat_tables(executor.map_batches(double, iter(batches)))
    assert done["n"].to_pylist() == [2 * number for number in range(20)]


def test_batches_are_taken_as_they_are_needed(executor):
    taken = []

    def source():
        for number in range(1000):
            taken.append(number)
            yield number

    results = executor.map_batches(abs, source())
    assert next(results) == 0
    assert len(taken) < 20
    results.close()


def test_trials_keep_their_order_and_no_trial_is_fine(executor):
    assert executor.run_trials(abs, [-3, 2, -1]) == [3, 2, 1]
    assert executor.run_trials(abs, []) == []


def test_an_error_comes_back_as_it_was(executor):
    with pytest.raises(DataError, match="trial 2 cannot be") as error:
        executor.run_trials(refuse, [1, 2, 3])
    assert error.value.exit_code == 1


def test_a_group_knows_its_ranks(executor):
    answers = executor.run_group(who, 2)
    assert [(rank, workers) for rank, workers, _ in answers] == [(0, 2), (1, 2)]
    assert executor.run_group(who, 1)[0][:2] == (0, 1)


def vanish(trial: int) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return trial


def test_a_process_that_is_killed_is_told():
    with pytest.raises(WorkerLost, match="a worker process was ended from outside.*\n.*fewer workers"):
        plugins.load("executor", "local")(workers=2).run_trials(vanish, [1, 2, 3])


PROGRAM = """
import os, sys, time
from tamis.core import plugins

def work(number):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    plugins.load("executor", "local")(workers=2).run_trials(work, [1, 2])
"""


def works(process_id: int) -> bool:
    try:
        return psutil.Process(process_id).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_processes_of_a_killed_one_end(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, tmp_path / "program.py"], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.kill()
        process.wait()
        until = time.monotonic() + 20
        while any(map(works, workers)):
            assert time.monotonic() < until, "the workers wait for ever"
            time.sleep(0.05)
