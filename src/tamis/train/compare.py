"""Which of several runs is the best, and in what they differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tamis.core import UsageError, Workspace
from tamis.train.record import Run, list_runs


def best_run(workspace: Workspace, dataset: str | None = None) -> Run:
    """Return the finished run with the best main score on validation; of equals the oldest.

    Scores are comparable only on the same validation rows, so runs on older versions of the dataset are left out.
    """
    scored = [run for run in list_runs(workspace) if run.status == "finished" and run.score is not None]
    if dataset is not None:
        scored = [run for run in scored if dataset in (run.dataset, run.dataset.partition("@")[0])]
    if not scored:
        on = f" on {dataset}" if dataset else ""
        raise UsageError(f"no finished run{on} has a validation score", hint=f"tamis train {dataset or 'DATASET'}")
    newest = scored[-1]
    return best_of_runs(
        [run for run in scored if (run.dataset, run.main_metric) == (newest.dataset, newest.main_metric)]
    )


def best_of_runs(runs: Sequence[Run]) -> Run:
    """Return the one of several runs on the same rows with the best main score on validation; of equals the first."""
    if len(runs) > 1 and (silent := [run.name for run in runs if run.score is None]):
        raise UsageError(
            f"{', '.join(silent)}: no validation score, so nothing says which of {len(runs)} runs is the best",
            hint="split the dataset with a validation split, or train one model only",
        )
    if len({(run.dataset_fingerprint, run.main_metric) for run in runs}) > 1:
        raise UsageError("runs on different rows cannot be compared by their validation scores")
    return max(runs, key=lambda run: run.score or 0.0)


def compare_runs(runs: Sequence[Run]) -> dict[str, dict[str, list[Any]]]:
    """Return the `settings` that are not the same in all runs, and all `validation` scores, one value a run."""
    facts = [{"dataset": run.dataset, "tamis": run.tamis, **dict(_flat(run.settings))} for run in runs]
    names = list(dict.fromkeys(name for fact in facts for name in fact))
    rows = {name: [fact.get(name) for fact in facts] for name in names}
    scores = list(dict.fromkeys(name for run in runs for name in run.validation))
    return {
        "settings": {name: row for name, row in rows.items() if any(value != row[0] for value in row)},
        "validation": {
            **{name: [run.validation.get(name) for run in runs] for name in scores},
            "seconds": [run.seconds for run in runs],
        },
    }


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value
