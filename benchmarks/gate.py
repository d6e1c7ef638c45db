"""How often does the gate refuse a model that is no worse? Resamples of the rows of a real evaluation, and its word.

The champion and the candidate are the same kind of model. First they are the same model: their answers are equal. Then
the candidate is trained with another seed on the same rows, and in each resample the two swap places by the toss of a
coin, so that neither is the better one on average: whatever is refused is refused for nothing.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa

from tamis.core import Workspace
from tamis.data import import_dataset, open_dataset
from tamis.evaluate import ScoredRows, compare_models, read_labelled, score_rows
from tamis.pipeline.gate import against_champion
from tamis.predict import Classifier
from tamis.split import SplitOptions, split_dataset
from tamis.train import TrainSettings, train_model


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--rows", type=int, default=3000, help="of the docstrings, shared out by group")
    arguments.add_argument("--family", default="probe", help="whose seeds differ: probe or encoder")
    arguments.add_argument("--resamples", type=int, default=200)
    arguments.add_argument("--draws", type=int, default=500, help="bootstrap draws of each comparison")
    given = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        first, second = two_seeds(Path(folder), rows=given.rows, family=given.family)
    told = [
        ("the same model", first, first),
        (f"the same family ({given.family}), another seed", first, second),
    ]
    print(f"{len(first)} test rows, {given.resamples} resamples")
    worst = 0.0
    for title, champion, candidate in told:
        start = time.monotonic()
        refused = refusals(champion, candidate, resamples=given.resamples, draws=given.draws)
        rate = sum(refused) / len(refused)
        worst = max(worst, rate)
        seconds = time.monotonic() - start
        print(f"{title}: refused {sum(refused)} of {len(refused)} ({rate:.1%}) in {seconds:.0f} s", flush=True)
    sys.exit(worst > 0.05)


def refusals(champion: ScoredRows, candidate: ScoredRows, *, resamples: int, draws: int, seed: int = 0) -> list[bool]:
    """Return for each resample of the rows whether the gate refused the candidate."""
    random = np.random.default_rng(seed)
    refused = []
    for number in range(resamples):
        places = random.integers(0, len(champion), len(champion))
        swapped = random.random(len(champion)) < 0.5
        one, other = exchanged(champion, candidate, swapped)
        found = compare_models(drawn(one, places), drawn(other, places), resamples=draws, seed=number)
        refused.append(not against_champion(found, "not-worse", "the champion").holds)
    return refused


def exchanged(one: ScoredRows, other: ScoredRows, swapped: np.ndarray) -> tuple[ScoredRows, ScoredRows]:
    """Return both with the answers to some rows swapped: then neither is better than the other but by chance."""
    return mixed(one, other, swapped), mixed(other, one, swapped)


def mixed(one: ScoredRows, other: ScoredRows, swapped: np.ndarray) -> ScoredRows:
    pairs = zip(one.predictions, other.predictions, swapped, strict=True)
    return replace(
        one,
        logits=np.where(swapped[:, None], other.logits, one.logits),
        uncalibrated=np.where(swapped[:, None], other.uncalibrated, one.uncalibrated),
        probabilities=np.where(swapped[:, None], other.probabilities, one.probabilities),
        predictions=[theirs if swap else ours for ours, theirs, swap in pairs],
    )


def drawn(rows: ScoredRows, places: np.ndarray) -> ScoredRows:
    """Return rows drawn with replacement, each a row of its own: no copy of another."""
    return replace(
        rows,
        ids=[f"{number}" for number in range(len(places))],
        texts=[f"{number} {rows.texts[place]}" for number, place in enumerate(places)],
        labels=rows.labels.take(pa.array(places)),
        logits=rows.logits[places],
        uncalibrated=rows.uncalibrated[places],
        probabilities=rows.probabilities[places],
        predictions=[rows.predictions[place] for place in places],
        tokens=rows.tokens[places],
        cut=rows.cut[places],
        empty=rows.empty[places],
        columns=rows.columns.take(pa.array(places)).drop_columns(
            [n for n in ("group",) if n in rows.columns.column_names]
        ),
    )


def two_seeds(folder: Path, *, rows: int, family: str) -> tuple[ScoredRows, ScoredRows]:
    """Return the test rows of the docstrings, scored by two models that differ in their seed."""
    (folder / "tamis.yaml").write_text("train: {trackers: []}\n")
    workspace = Workspace(folder)
    import_dataset(workspace, "demo:docstrings", name="docs")
    split_dataset(workspace, open_dataset(workspace, "docs"), SplitOptions(by="group", rows=rows))
    dataset = open_dataset(workspace, "docs")
    scored = []
    for seed in (1, 2):
        settings = TrainSettings(family=family, seed=seed, trackers=())
        bundle = train_model(workspace, dataset, settings).bundle
        scored.append(score_rows(Classifier.open(bundle), read_labelled(workspace, bundle)))
    return replace(scored[0], model="first"), replace(scored[1], model="second")


if __name__ == "__main__":
    main()
