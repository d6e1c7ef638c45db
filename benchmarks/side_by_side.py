"""What the benchmark scripts share: alternating runs of rivals, medians, a table, the JSON line, the exit code."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Measured:
    """What one run took."""

    seconds: float
    peak_mib: float = 0.0
    output: str = ""
    cpu_seconds: float = 0.0


def run_command(command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> Measured:
    """Run a command to its end; return its wall time, its own peak memory and what it printed."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **(environment or {})}, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with exit code {process.returncode}:\n{output[-3000:]}")
    return Measured(seconds, usage.ru_maxrss / 1024, output, usage.ru_utime + usage.ru_stime)


def time_call(function: Callable[[], object]) -> Measured:
    """Run a function in this process; return its wall time and what it returned, as text."""
    start = time.perf_counter()
    result = function()
    return Measured(time.perf_counter() - start, output=str(result))


def alternate(rivals: Mapping[str, Callable[[], Measured]], *, rounds: int) -> dict[str, list[Measured]]:
    """Run the rivals in turn, A B A B…, so that a noisy minute hits all of them alike."""
    runs: dict[str, list[Measured]] = {name: [] for name in rivals}
    for number in range(1, rounds + 1):
        for name, run in rivals.items():
            measured = run()
            runs[name].append(measured)
            memory = f", peak {measured.peak_mib:,.0f} MiB" if measured.peak_mib else ""
            print(f"round {number}/{rounds}  {name}: {measured.seconds:.2f} s{memory}", flush=True)
    return runs


def median_seconds(runs: Sequence[Measured]) -> float:
    """Return the median wall time."""
    return statistics.median(run.seconds for run in runs)


def median_ratio(runs: Sequence[Measured], others: Sequence[Measured]) -> float:
    """Return how many times as long `runs` took as `others`: the median of the rounds.

    The two of a round ran one after the other, so a busy neighbour slows both; medians of all rounds may come from
    unlike minutes.
    """
    return statistics.median(one.seconds / other.seconds for one, other in zip(runs, others, strict=True))


def peak_mib(runs: Sequence[Measured]) -> float:
    """Return the highest peak memory of any run."""
    return max(run.peak_mib for run in runs)


def print_table(headers: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a Markdown table, ready for RESULTS.md."""
    print()
    print(f"| {' | '.join(headers)} |")
    print(f"|{'|'.join(' --- ' for _ in headers)}|")
    for row in rows:
        print(f"| {' | '.join(f'{cell:,.2f}' if isinstance(cell, float) else str(cell) for cell in row)} |")
    print()


def finish(benchmark: str, *, ratios: Mapping[str, float], targets: Mapping[str, str]) -> None:
    """Judge each target (`{"speedup": ">= 3"}`) by the ratio of that name, print the JSON line, exit 1 on a miss."""
    missed = [name for name, target in targets.items() if not _holds(ratios[name], target)]
    for name in missed:
        print(f"MISSED: {name} is {ratios[name]:.4g}, the target is {targets[name]}")
    rounded = {name: round(value, 4) for name, value in ratios.items()}
    print(json.dumps({"benchmark": benchmark, "ratios": rounded, "targets": dict(targets)}))
    sys.exit(1 if missed else 0)


def _holds(value: float, target: str) -> bool:
    sign, limit = target.split()
    return value >= float(limit) if sign == ">=" else value <= float(limit) if sign == "<=" else value < float(limit)
