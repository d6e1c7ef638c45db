"""Ingest: `tamis data import` of a large CSV beside `pandas.read_csv` + `to_parquet`, each a process of its own.

Both read the same file and leave Parquet behind; Tamis besides checks every row, finds roles and counts labels,
makes sure that ids differ, and takes the fingerprint of all rows.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
from side_by_side import Measured, alternate, finish, median_ratio, median_seconds, peak_mib, print_table, run_command

ROWS, QUICK_ROWS, ROUNDS = 5_000_000, 300_000, 3
LABELS = ("billing", "delivery", "returns", "quality", "praise", "question", "account", "other")
_PANDAS = """
import sys
import pandas as pd
pd.read_csv(sys.argv[1]).to_parquet(sys.argv[2])
"""


def write_rows(path: Path, *, rows: int, seed: int = 7) -> None:
    """Write reviews with ids, labels, stars, dates and users; a quarter of the texts need quotes, some hold lines."""
    random = np.random.default_rng(seed)
    words = _vocabulary(random, 30_000)
    chances = 1 / np.arange(10, len(words) + 10)
    steps = np.cumsum(chances / chances.sum())
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("id,text,label,stars,created,user\n")
        for start in range(0, rows, 100_000):
            count = min(100_000, rows - start)
            lengths = random.integers(5, 37, count)
            ends = np.cumsum(lengths)
            drawn = words[np.searchsorted(steps, random.random(ends[-1]))].tolist()
            labels, stars = random.integers(0, len(LABELS), count), random.integers(1, 6, count)
            users, kinds = random.integers(0, 400_000, count), random.random(count)
            lines, before = [], 0
            for number, end in enumerate(ends.tolist()):
                text = _quoted(drawn[before:end], kinds[number])
                day = f"2026-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
                lines.append(
                    f"r{start + number:08d},{text},{LABELS[labels[number]]},{stars[number]},{day},u{users[number]}\n"
                )
                before = end
            file.write("".join(lines))


def _quoted(words: list[str], kind: float) -> str:
    text = " ".join(words)
    if kind < 0.20:
        return f'"{words[0]}, {text}."'
    if kind < 0.23:
        return f'"{text}\n\n{words[-1]}!"'
    if kind < 0.25:
        return f'"They said ""{words[0]}"", and {text}"'
    return text


def _vocabulary(random: np.random.Generator, count: int) -> np.ndarray:
    starts = (
        "b",
        "br",
        "c",
        "ch",
        "d",
        "f",
        "fl",
        "g",
        "h",
        "k",
        "l",
        "m",
        "n",
        "p",
        "pr",
        "r",
        "s",
        "sh",
        "st",
        "t",
        "v",
        "w",
    )
    vowels = ("a", "e", "i", "o", "u", "ea", "ou", "ai", "é")
    drawn: dict[str, None] = {}
    while len(drawn) < count:
        size = int(random.integers(1, 5))
        drawn["".join(str(random.choice(starts)) + str(random.choice(vowels)) for _ in range(size))] = None
    return np.array(list(drawn), dtype=object)


def _import_with_tamis(source: Path, folder: Path) -> Measured:
    workspace = folder / "workspace"
    shutil.rmtree(workspace, ignore_errors=True)
    workspace.mkdir()
    (workspace / "tamis.yaml").write_text("")
    command = [sys.executable, "-m", "tamis", "-w", str(workspace), "data", "import", str(source), "--name", "rows"]
    return run_command(command)


def _convert_with_pandas(source: Path, folder: Path) -> Measured:
    return run_command([sys.executable, "-c", _PANDAS, str(source), str(folder / "pandas.parquet")])


def main() -> None:
    """Generate, measure, judge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rows, one minute")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    told = options.parse_args()
    rows = QUICK_ROWS if told.quick else ROWS
    with tempfile.TemporaryDirectory(prefix="tamis-ingest-") as name:
        folder = Path(name)
        source = folder / "rows.csv"
        write_rows(source, rows=rows)
        size = source.stat().st_size / 1e6
        print(f"{rows:,} rows, {size:,.0f} MB")
        runs = alternate(
            {
                "tamis": partial(_import_with_tamis, source, folder),
                "pandas": partial(_convert_with_pandas, source, folder),
            },
            rounds=told.rounds,
        )
    print_table(
        ["", "seconds (median)", "MB/s", "CPU seconds", "peak RSS, MiB"],
        [
            ["tamis data import", *_figures(runs["tamis"], size)],
            ["pandas.read_csv + to_parquet", *_figures(runs["pandas"], size)],
        ],
    )
    ratio = median_ratio(runs["pandas"], runs["tamis"])
    finish(
        "ingest",
        ratios={"pandas_seconds_per_tamis_second": ratio, "tamis_peak_mib": peak_mib(runs["tamis"])},
        # a short run is mostly the start of two interpreters
        targets={"pandas_seconds_per_tamis_second": ">= 1" if told.quick else ">= 3", "tamis_peak_mib": "< 1024"},
    )


def _figures(runs: list[Measured], megabytes: float) -> list[float]:
    seconds = median_seconds(runs)
    return [seconds, megabytes / seconds, statistics.median(run.cpu_seconds for run in runs), peak_mib(runs)]


if __name__ == "__main__":
    main()
