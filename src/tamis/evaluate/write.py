"""Writing: the evaluation as JSON, as one page and as pictures, and its numbers into the model's bundle."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from tamis.core import MissingExtra, UsageError, Workspace, write_atomic
from tamis.evaluate.figures import figures_of
from tamis.evaluate.page import evaluation_page
from tamis.evaluate.plots import draw_figure
from tamis.evaluate.report import Evaluation
from tamis.models import Bundle, add_to_bundle

JSON, PAGE = "evaluation.json", "evaluation.html"
_DPI = 130


@dataclass(frozen=True, kw_only=True)
class Written:
    """The files of an evaluation."""

    json: Path
    page: Path
    pictures: tuple[Path, ...]
    missing: str = ""
    """Why there are no pictures."""


def evaluation_folder(workspace: Workspace, bundle: Bundle, source: str) -> Path:
    """Return where an evaluation belongs: into the run's folder, or beside the runs for a model from elsewhere."""
    place = re.sub(r"[^\w.@-]+", "-", Path(source).name if "/" in source else source).strip("-.") or "rows"
    if is_run(workspace, bundle):
        return bundle.path.parent / "evaluation" / place
    return workspace.state / "evaluations" / re.sub(r"[^\w.-]+", "-", bundle.name) / place


def is_run(workspace: Workspace, bundle: Bundle) -> bool:
    """Return whether a bundle is the one of a run of this workspace."""
    return bundle.path.resolve().parent.parent == workspace.runs.resolve()


def check_folder(folder: Path, *, force: bool) -> None:
    """Raise a UsageError when a folder holds something that is no evaluation."""
    if folder.is_file():
        raise UsageError(f"{folder} is a file; name a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / JSON).exists() and not force:
        raise UsageError(f"{folder} has files in it that are no evaluation", hint="choose another, or add --force")


def write_evaluation(evaluation: Evaluation, folder: Path, *, pictures: bool = True) -> Written:
    """Write the page, the numbers and each figure with its own numbers as CSV into a folder."""
    drawn: list[Path] = []
    missing = ""
    if pictures and find_spec("matplotlib") is None:
        missing = str(MissingExtra("drawing pictures", extra="explore"))
    elif pictures:
        for figure in figures_of(evaluation):
            file = folder / f"{figure.name}.png"
            write_atomic(file.with_suffix(".csv"), figure.data.csv())
            write_atomic(file, draw_figure(figure, dpi=_DPI))
            drawn.append(file)
    write_atomic(folder / PAGE, evaluation_page(evaluation).html())
    write_atomic(folder / JSON, as_json(evaluation))
    return Written(json=folder / JSON, page=folder / PAGE, pictures=tuple(drawn), missing=missing)


def keep_in_bundle(evaluation: Evaluation, bundle: Bundle) -> Bundle:
    """Return the bundle with the evaluation's numbers in it; no text of the rows travels with the model."""
    return add_to_bundle(bundle, JSON, as_json(evaluation.without_texts()))


def as_json(evaluation: Evaluation) -> str:
    """Return the evaluation as strict JSON."""
    return json.dumps(evaluation.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
