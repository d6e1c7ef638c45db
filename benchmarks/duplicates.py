"""Near-duplicates: planted pairs that share 90 % of their words, in 50,000 and 200,000 rows, beside datasketch."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
from side_by_side import Measured, alternate, finish, median_seconds, peak_mib, print_table, run_command

THRESHOLD = 0.7
PLANTED, HARD = 0.05, 0.05
VOCABULARY = 50_000
TARGETS = {
    "recall": ">= 0.95",
    "precision": ">= 0.99",
    "seconds_large": "< 90",
    "peak_mib_large": "< 2048",
    "time_large_to_small": "<= 5",
    "speed_against_datasketch": ">= 3",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the rows, one round")
    parser.add_argument("--find", nargs=2, metavar=("WHO", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.find:
        print(json.dumps(find(*options.find)))
        return
    small, large, shared = (10_000, 40_000, 4_000) if options.quick else (50_000, 200_000, 20_000)
    with tempfile.TemporaryDirectory() as folder:
        files = {rows: Path(folder) / f"{rows}.parquet" for rows in (small, large, shared)}
        for seed, (rows, file) in enumerate(files.items()):
            generate(rows, seed=seed).write_parquet(file)
        rivals = {
            f"tamis {small:,}": ("tamis", files[small]),
            f"tamis {large:,}": ("tamis", files[large]),
            f"tamis {shared:,}": ("tamis", files[shared]),
            f"datasketch {shared:,}": ("datasketch", files[shared]),
        }
        runs = alternate(
            {name: lambda job=job: in_own_process(*job) for name, job in rivals.items()},
            rounds=1 if options.quick else 3,
        )
    found = {name: json.loads(done[-1].output) for name, done in runs.items()}
    print_table(
        ["who, rows", "seconds", "peak MiB", "recall of planted", "precision", "pairs", "hard negatives taken"],
        [
            [name, median_seconds(runs[name]), peak_mib(runs[name]), f["recall"], f["precision"], f["pairs"], f["hard"]]
            for name, f in found.items()
        ],
    )
    on_small, on_large, ours, theirs = runs
    finish(
        "duplicates",
        ratios={
            "recall": min(found[on_small]["recall"], found[on_large]["recall"]),
            "precision": min(found[on_small]["precision"], found[on_large]["precision"]),
            "seconds_large": median_seconds(runs[on_large]),
            "peak_mib_large": peak_mib(runs[on_large]),
            "time_large_to_small": median_seconds(runs[on_large]) / median_seconds(runs[on_small]),
            "speed_against_datasketch": median_seconds(runs[theirs]) / median_seconds(runs[ours]),
            "recall_of_datasketch": found[theirs]["recall"],
        },
        targets=TARGETS,
    )


def in_own_process(who: str, file: Path) -> Measured:
    """Search one file; the time is that of the search alone, the memory that of the whole process."""
    command = [sys.executable, __file__, "--find", who, str(file)]
    run = run_command(command, environment={"POLARS_MAX_THREADS": "2"})
    line = run.output.strip().splitlines()[-1]
    return Measured(json.loads(line)["seconds"], run.peak_mib, line)


def generate(rows: int, *, seed: int) -> pl.DataFrame:
    """Rows of 20 to 60 words from a Zipf vocabulary, among them planted copies and hard negatives.

    A planted copy has one word in ten replaced, at any place; a hard negative shares 50 to 60 % of its words.
    """
    random = np.random.default_rng(seed)
    share = np.cumsum(1 / (np.arange(VOCABULARY) + 2.7))
    names = np.array(["w" + np.base_repr(number, 36).lower() for number in range(VOCABULARY)])

    def draw(count: int) -> np.ndarray:
        return np.searchsorted(share, random.random(count) * share[-1]).clip(max=VOCABULARY - 1)

    planted, hard = int(rows * PLANTED), int(rows * HARD)
    sizes = random.integers(20, 61, rows - planted - hard)
    documents = np.split(draw(int(sizes.sum())), np.cumsum(sizes)[:-1])
    originals = random.permutation(len(documents))[: planted + hard]
    kinds = ["base"] * len(documents) + ["planted"] * planted + ["hard"] * hard
    for place, original in enumerate(originals):
        copy = documents[original].copy()
        part = 0.1 if place < planted else random.uniform(0.4, 0.5)
        count = round(len(copy) * part)
        copy[random.choice(len(copy), count, replace=False)] = draw(count)
        documents.append(copy)
    frame = pl.DataFrame(
        {
            "text": [" ".join(names[document]) for document in documents],
            "kind": kinds,
            "copy_of": [None] * len(sizes) + originals.tolist(),
        },
        schema={"text": pl.String, "kind": pl.String, "copy_of": pl.Int64},
    )
    order = random.permutation(rows)
    return frame[order].with_columns(pl.col("copy_of").replace_strict(order, np.arange(rows), default=None))


def find(who: str, file: str) -> dict[str, float]:
    """Search the rows of a file on two cores; return the time and how much of what was planted was found."""
    frame = pl.read_parquet(file)
    texts = frame["text"]
    search = with_tamis if who == "tamis" else with_datasketch
    search(texts[:100])  # what is imported once is not timed
    start = time.perf_counter()
    pairs = search(texts)
    seconds = time.perf_counter() - start
    found = set(map(tuple, pairs.tolist()))
    row = np.arange(len(frame))

    def made(kind: str) -> list[tuple[int, int]]:
        chosen = (frame["kind"] == kind).to_numpy()
        other = frame["copy_of"].to_numpy()[chosen].astype(np.int64)
        return [(min(pair), max(pair)) for pair in zip(row[chosen].tolist(), other.tolist(), strict=True)]

    planted, hard = made("planted"), made("hard")
    return {
        "seconds": seconds,
        "pairs": len(found),
        "recall": sum(pair in found for pair in planted) / len(planted),
        "precision": sum(jaccard(texts[a], texts[b]) >= THRESHOLD for a, b in found) / max(len(found), 1),
        "hard": sum(pair in found for pair in hard),
    }


def with_tamis(texts: pl.Series) -> np.ndarray:
    from tamis.features import find_near_duplicates

    return find_near_duplicates(texts, threshold=THRESHOLD).pairs


def with_datasketch(texts: pl.Series) -> np.ndarray:
    """MinHash with 128 permutations and LSH, as its documentation shows it; repeated words are told apart."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    pairs = []
    for row, text in enumerate(texts):
        seen: Counter[str] = Counter()
        words = []
        for word in text.split():
            words.append(f"{word} {seen[word]}".encode())
            seen[word] += 1
        sketch = MinHash(num_perm=128)
        sketch.update_batch(words)
        pairs += [(other, row) for other in index.query(sketch)]
        index.insert(row, sketch)
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def jaccard(first: str, second: str) -> float:
    """The definition itself, word by word."""
    one, other = Counter(first.split()), Counter(second.split())
    return (one & other).total() / (one | other).total()


if __name__ == "__main__":
    main()
