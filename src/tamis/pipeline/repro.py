"""reproduce: a model made again from the record of its run, and held against what the run made."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tamis.core import DataError, Progress, Silent, Workspace, write_atomic

if TYPE_CHECKING:
    from tamis.train import Run


@dataclass(frozen=True, kw_only=True)
class Reproduction:
    """Whether a model came out the same once more, and what is other than it was if it did not."""

    run: str
    rows: int
    """Those of the run's dataset: every one was asked of both."""
    same_rows: int
    """The same scores, bit for bit, and the same decision."""
    same_answers: int
    """The same decision."""
    largest_change: float
    """Of any score before it is calibrated."""
    differences: tuple[str, ...]
    """What is not as it was when the run was made: code, libraries, machine."""
    seconds: float
    """How long training took this time."""

    @property
    def same(self) -> bool:
        """True when every row has the same scores, bit for bit, and the same decision."""
        return self.same_rows == self.rows

    @property
    def verdict(self) -> str:
        """The whole of it in a sentence."""
        if self.same:
            return f"{self.run} came out the same: {self.rows:,} rows have the same scores, bit for bit"
        return (
            f"{self.run} came out another: {self.rows - self.same_rows:,} of {self.rows:,} rows have other scores (by "
            f"{self.largest_change:.2g} at most), {self.rows - self.same_answers:,} another answer"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {**vars(self), "differences": list(self.differences), "same": self.same, "verdict": self.verdict}


def reproduce(workspace: Workspace, name: str, *, progress: Progress = Silent()) -> Reproduction:
    """Return whether training again by the record of a run (rows, settings, seed) gives the same predictions.

    The model is made in a place of its own, which is removed; nothing of the workspace changes. On the machine that
    made the run, with the same libraries, all is the same, bit for bit.
    """
    import numpy as np

    from tamis.data import open_dataset
    from tamis.train import TrainSettings, find_run, train_model

    run = find_run(workspace, name)
    dataset = open_dataset(workspace, run.dataset)
    if dataset.manifest.fingerprint != run.dataset_fingerprint:
        raise DataError(
            f"{run.dataset} is not what {name} learned from",
            hint=f"import what has the fingerprint {run.dataset_fingerprint}",
        )
    settings = TrainSettings.model_validate(run.settings["train"] | {"trackers": ()})
    workspace.cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=workspace.cache, prefix="repro-") as folder:
        draft = Workspace(Path(folder))
        write_atomic(draft.root / "tamis.yaml", json.dumps({"decide": run.settings["decide"]}))
        made = train_model(draft, dataset, settings, progress=progress)
        texts = [text or "" for text in dataset.table(["text"])["text"].to_pylist()]
        before, after = _answers(run, texts), _answers(made, texts)
    same = np.all(before[0] == after[0], axis=1)
    answers = np.array([one == other for one, other in zip(before[1], after[1], strict=True)], np.bool_)
    return Reproduction(
        run=name,
        rows=len(texts),
        same_rows=int((same & answers).sum()),
        same_answers=int(answers.sum()),
        largest_change=float(np.abs(before[0] - after[0]).max(initial=0.0)),
        differences=tuple(_differences(run, made)),
        seconds=made.seconds,
    )


def _answers(run: Run, texts: list[str]) -> tuple[Any, list[tuple[Any, str]]]:
    """The scores and decisions of a run's model as it was trained, whatever form it was given since."""
    from tamis.predict import Classifier

    classifier = Classifier.open(run.bundle, engine="auto" if run.family == "linear" else "torch")
    raw = classifier.raw(texts)
    ids = [str(place) for place in range(len(texts))]
    said = classifier.decider.decide(run.bundle.task, raw.logits, ids=ids, empty=raw.empty, pooled=raw.pooled)
    return raw.logits, [(each.label, each.reason) for each in said]


def _differences(before: Run, now: Run) -> Iterator[str]:
    facts: Mapping[str, tuple[Any, Any]] = {
        "Tamis": (before.tamis, now.tamis),
        **{name: (before.environment.get(name), now.environment.get(name)) for name in before.environment},
        **{name: (before.host.get(name), now.host.get(name)) for name in ("cores", "threads", "processor")},
    }
    if before.code != now.code:
        yield "the code that makes models"
    for name, (old, new) in facts.items():
        if old != new:
            yield f"{name}: {_said(old)} then, {_said(new)} now"


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
