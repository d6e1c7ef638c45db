"""Seeds: several models from the same rows, of which the best is kept, or the average of their weights."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from tamis.core import draft_folder
from tamis.models import BundleManifest
from tamis.train.candidate import Candidate, judge, keep_fitted, kept_fitted
from tamis.train.config import TrainSettings
from tamis.train.events import Listener, Noted
from tamis.train.families import FAMILIES
from tamis.train.family import Assignment, Fit
from tamis.train.record import SeedScores

AVERAGE = "average"


def fit_seeds(
    fit: Fit,
    assignment: Callable[[int, Path], Assignment],
    seeds: Sequence[int],
    folder: Path,
    manifest: BundleManifest,
) -> tuple[list[Candidate], list[SeedScores]]:
    """Return a candidate for each seed, and how each did. What an earlier stretch of the run finished is taken."""
    candidates, scores = [], []
    for seed in seeds:
        started = time.monotonic()
        place = folder / str(seed)
        fitted = kept_fitted(place)
        if fitted is None:
            with draft_folder(folder) as draft:
                given = assignment(seed, draft)
                fitted = fit(given)
                keep_fitted(draft, fitted, place)
        candidate = judge(place, manifest, fitted, assignment(seed, place).validation)
        candidates.append(candidate)
        scores.append(
            SeedScores(seed=seed, validation=candidate.validation, seconds=round(time.monotonic() - started, 3))
        )
    return candidates, scores


def seeds_of(settings: TrainSettings) -> range:
    """Return the seeds that the settings ask for."""
    return range(settings.seed, settings.seed + settings.seeds)


def still_to_fit(settings: TrainSettings, folder: Path) -> list[int]:
    """Return the seeds that no earlier stretch of the run finished."""
    return [seed for seed in seeds_of(settings) if kept_fitted(folder / str(seed)) is None]


def fit_best(
    settings: TrainSettings,
    assignment: Callable[[int, Path], Assignment],
    folder: Path,
    manifest: BundleManifest,
    *,
    emit: Listener = lambda event: None,
) -> tuple[Candidate, list[SeedScores]]:
    """Return the model to keep of all that the settings ask for, and how each seed did."""
    candidates, scores = fit_seeds(FAMILIES[settings.family].fit, assignment, seeds_of(settings), folder, manifest)
    best = best_of(candidates)
    if settings.average_seeds and len(candidates) > 1:
        place = folder / AVERAGE
        shutil.rmtree(place, ignore_errors=True)
        best = averaged(candidates, best, assignment(settings.seed, place), emit)
    return best, scores


def best_of(candidates: Sequence[Candidate]) -> Candidate:
    """Return the candidate with the best main score on validation; on a tie the first."""
    best = candidates[0]
    for candidate in candidates[1:]:
        if candidate.beats(best, candidate.bundle.task):
            best = candidate
    return best


def averaged(candidates: Sequence[Candidate], best: Candidate, given: Assignment, emit: Listener) -> Candidate:
    """Return the model whose weights are the mean of all candidates' if validation says it beats the best of them."""
    place = given.draft
    shutil.copytree(best.bundle.path, place, dirs_exist_ok=True)
    problem = average_weights([candidate.bundle.path for candidate in candidates], place)
    if problem:
        emit(Noted(kind="average", message=f"the seeds' weights were not averaged: {problem}"))
        return best
    fitted = replace(best.fitted, notes={**best.fitted.notes, AVERAGE: len(candidates)})
    mean = judge(place, best.bundle.manifest, fitted, given.validation)
    kept = mean.beats(best, best.bundle.task)
    verdict = "is better than the best of them and was kept" if kept else "is no better than the best of them"
    emit(Noted(kind="average", message=f"the average of {len(candidates)} seeds' weights {verdict}"))
    return mean if kept else best


def average_weights(folders: Sequence[Path], into: Path) -> str:
    """Write the mean of the models' weights into a copy of one of them; return why not, or nothing."""
    import numpy as np
    from safetensors.numpy import load_file, save_file

    for file in sorted(into.glob("*.safetensors")):
        parts = [load_file(folder / file.name) for folder in folders]
        shapes = [{name: (array.shape, array.dtype) for name, array in part.items()} for part in parts]
        if any(other != shapes[0] for other in shapes[1:]):
            return "they differ in shape"
        mean = {
            name: np.mean([part[name] for part in parts], axis=0, dtype=np.float64).astype(array.dtype)
            if np.issubdtype(array.dtype, np.floating)
            else array
            for name, array in parts[0].items()
        }
        save_file(mean, file, metadata={"format": "pt"})
    return ""
