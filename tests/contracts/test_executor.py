"""What every Executor promises: in this process, in two others, and on Ray."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from functools import partial

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tamis.core import DataError, MissingExtra, WorkerLost, plugins

HERE = pytest.param(("local", 0), id="here")
TWO = pytest.param(("local", 2), id="two processes")
RAY = pytest.param(("ray", 2), id="ray", marks=pytest.mark.slow)


def made(name: str, workers: int, *, tries: int = 3):
    return plugins.load("executor", name)(workers=workers, tries=tries)


@pytest.fixture
def who_works(request):
    """Name and workers of an executor."""
    name, workers = request.param
    if name == "ray":
        request.getfixturevalue("ray_cluster")
    return name, workers


@pytest.fixture
def executor(who_works):
    return made(*who_works)


everyone = pytest.mark.parametrize("who_works", [HERE, TWO, RAY], indirect=True)
processes = pytest.mark.parametrize("who_works", [TWO, RAY], indirect=True)


def double(table: pa.Table) -> pa.Table:
    return table.set_column(0, "n", pc.multiply(table["n"], 2))


@everyone
def test_tables_come_back_in_order_and_as_they_are(executor):
    batches = [pa.table({"n": [number, number + 1]}) for number in range(0, 20, 2)]
    batches[3] = batches[3].slice(0, 0)  # nothing is left out, though there is nothing in it
    batches[5] = batches[5].replace_schema_metadata({"from": "five"})
    done = list(executor.map_batches(double, iter(batches)))
    assert done == [double(batch) for batch in batches]
    assert done[5].schema.metadata == {b"from": b"five"}


def uneven(second, item: tuple[int, str]) -> dict[str, object]:
    number, text = item
    if number == 1:
        second.touch()
    until = time.monotonic() + 60
    while number == 0 and not second.exists():  # the first is done after the second
        assert time.monotonic() < until
        time.sleep(1)
    return {"text": text * 2, "number": number, "nothing": None}


@everyone
def test_anything_may_be_a_batch_and_the_slow_one_keeps_its_place(executor, tmp_path):
    second = tmp_path / "second"
    if executor.workers == 0:
        second.touch()
    items = [(number, chr(97 + number)) for number in range(9)]
    assert list(executor.map_batches(partial(uneven, second), items)) == [
        {"text": text * 2, "number": number, "nothing": None} for number, text in items
    ]


def total(table: pa.Table) -> int:
    return pc.sum(table["n"]).as_py()


@everyone
def test_batches_are_taken_as_they_are_needed(executor):
    taken = []

    def source():
        for number in range(1000):
            taken.append(number)
            yield pa.table({"n": pa.array([number]).take(pa.array([0] * 250_000))})  # 2 MB, and 2 GB in all

    results = executor.map_batches(total, source())
    assert next(results) == 0
    assert len(taken) <= 8
    assert [next(results) for _ in range(8)] == [250_000 * number for number in range(1, 9)]
    assert len(taken) <= 16
    results.close()


def grow(size: int) -> pa.Table:
    return pa.table({"n": pa.array(range(size), pa.int64())})


@processes
def test_a_batch_may_be_big(executor):
    (table,) = executor.map_batches(grow, [4_000_000])
    assert table.nbytes == 32_000_000
    assert list(executor.map_batches(total, [table])) == [4_000_000 * 3_999_999 // 2]


@everyone
def test_trials_keep_their_order_and_no_trial_is_fine(executor):
    assert executor.run_trials(abs, [-3, 2, -1, -7, 4, 5]) == [3, 2, 1, 7, 4, 5]
    assert executor.run_trials(abs, []) == []
    assert list(executor.map_batches(abs, [])) == []


class Odd(Exception):
    """An error that cannot be made from its message alone."""

    def __init__(self, *, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code

    def __reduce__(self):
        return partial(Odd, code=self.code), ()


def refuse(trial: int) -> int:
    if trial == 2:
        raise DataError("trial 2 cannot be", hint="take another")
    if trial == 3:
        raise MissingExtra("trial 3", extra="aws")
    if trial == 4:
        raise Odd(code=4)
    return trial


@everyone
def test_an_error_comes_back_as_it_was(executor):
    results = executor.map_batches(refuse, [0, 1, 2, 5])
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(DataError) as error:
        next(results)
    assert str(error.value) == "trial 2 cannot be\n  take another"
    assert (error.value.exit_code, error.value.hint) == (1, "take another")
    with pytest.raises(DataError, match="trial 2 cannot be"):
        executor.run_trials(refuse, [1, 2, 3])
    with pytest.raises(MissingExtra, match="trial 3 needs the extra 'aws'"):
        executor.run_trials(refuse, [3])
    with pytest.raises(Odd, match="^code 4$"):
        executor.run_trials(refuse, [4])


def killed_once(folder, number: int) -> int:
    marker = folder / str(number)
    if number == 5 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return 10 * number


@pytest.mark.slow
@processes
def test_a_killed_worker_changes_nothing(executor, tmp_path):
    (tmp_path / "trials").mkdir()
    expected = [10 * number for number in range(9)]
    assert list(executor.map_batches(partial(killed_once, tmp_path), range(9))) == expected
    assert executor.run_trials(partial(killed_once, tmp_path / "trials"), range(9)) == expected
    assert (tmp_path / "5").exists()
    assert (tmp_path / "trials" / "5").exists()


def vanish(trial: int) -> int:
    if trial == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return trial


@pytest.mark.slow
@processes
def test_what_kills_its_worker_each_time_is_told(who_works):
    executor = made(*who_works, tries=2)
    results = executor.map_batches(vanish, [1, 2, 3])
    with pytest.raises(WorkerLost, match="a worker process was ended from outside.*\n.*fewer workers"):
        list(results)
    with pytest.raises(WorkerLost):
        made(*who_works, tries=1).run_trials(vanish, [1, 2, 3])


def who(rank: int, workers: int) -> tuple[int, int, int]:
    return rank, workers, os.getpid()


@everyone
def test_a_group_knows_its_ranks(executor):
    answers = executor.run_group(who, 2)
    assert [(rank, workers) for rank, workers, _ in answers] == [(0, 2), (1, 2)]
    assert executor.run_group(who, 1)[0][:2] == (0, 1)


def add_up(folder, rank: int, workers: int) -> tuple[int, list[float]]:
    marker = folder / "killed"
    if rank == 1 and not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    import torch
    import torch.distributed as dist

    dist.init_process_group("gloo")
    numbers = torch.tensor([1.0, 2.0]) * (rank + 1)
    dist.all_reduce(numbers)
    return os.getpid(), numbers.tolist()


@pytest.mark.slow
@processes
def test_a_group_talks_and_begins_again_when_one_is_killed(executor, tmp_path):
    (first, sums), (second, same) = executor.run_group(partial(add_up, tmp_path), 2)
    assert sums == same == [3.0, 6.0]
    assert first != second
    assert (tmp_path / "killed").exists()
    assert "WORLD_SIZE" not in os.environ


def one_refuses(rank: int, workers: int) -> None:
    if rank == 1:
        raise DataError("rank 1 cannot be")
    time.sleep(600)


@processes
def test_a_group_ends_when_one_of_it_fails(executor):
    with pytest.raises(DataError, match="rank 1 cannot be"):
        executor.run_group(one_refuses, 2)


def nested(name: str, workers: int, number: int) -> list[object]:
    inner = made(name, workers)
    group = inner.run_group(who, 2) if number == 0 else []
    return [
        list(inner.map_batches(abs, [-number, number + 1])),
        inner.run_trials(abs, [-number]),
        [rank for rank, *_ in group],
    ]


@pytest.mark.slow
@everyone
def test_work_may_hand_out_work(executor, who_works):
    expected = [[[0, 1], [0], [0, 1]], [[1, 2], [1], []], [[2, 3], [2], []]]
    assert executor.run_trials(partial(nested, *who_works), range(3)) == expected


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


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_the_processes_end_with_the_one_that_asked(tmp_path, end):
    (tmp_path / "program.py").write_text(PROGRAM)
    with subprocess.Popen(
        [sys.executable, tmp_path / "program.py"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.send_signal(end)
        process.wait(timeout=20)
        until = time.monotonic() + 20
        while any(map(works, workers)):
            assert time.monotonic() < until, "the workers wait for ever"
            time.sleep(0.05)
