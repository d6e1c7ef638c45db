"""The step `explain`: the words that weigh most for each label in the linear model of the same rows.

That is what can honestly be told today: of an encoder it says what the data offers, not what that model looks at.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field

from tamis.core import Page, page, write_atomic
from tamis.data import open_dataset
from tamis.models import load_linear
from tamis.pipeline.artefact import Artefact
from tamis.pipeline.kinds import Context, step
from tamis.pipeline.steps.train import CODE
from tamis.pipeline.steps.written import write_json
from tamis.train import find_run, linear_baseline


@step(outputs=("report", "words"), code=CODE)
def explain(context: Context, run: Artefact, *, count: Annotated[int, Field(ge=1, le=1000)] = 20) -> Mapping[str, Any]:
    """Return the words that speak most for each label against the mean of all labels, as JSON and as one page."""
    workspace = context.workspace
    trained = find_run(workspace, run.ref)
    linear = trained
    if trained.family != "linear":
        dataset, parents = open_dataset(workspace, trained.dataset), trained.settings["train"]["parents"]
        linear = linear_baseline(workspace, dataset, parents=parents, progress=context.progress)
    model = load_linear(linear.bundle.path)
    words = {label: model.top_words(label, count=count) for label in model.labels}
    whole = Page(f"Words of {trained.dataset}", lead=_lead(trained.name, itself=linear is trained))
    for label, found in words.items():
        rows = [(term, f"{weight:.2f}") for term, weight in found]
        whole.section(label, page.table(["word", "weight"], rows) if rows else "<p>no word speaks for it</p>")
    folder = trained.path / "words"
    write_atomic(folder / "words.html", whole.html())
    said = {"run": trained.name, "of": "linear", "words": {label: dict(found) for label, found in words.items()}}
    told = {label: [term for term, _ in found[:3]] for label, found in words.items()}
    return {"report": write_json(workspace, folder / "words.json", said), "words": told}


def _lead(run: str, *, itself: bool) -> str:
    if itself:
        return f"The words and pairs of words that weigh most in {run}, against the mean of all labels."
    return (
        f"The words and pairs of words that weigh most in the linear model of the rows that {run} learned from, "
        f"against the mean of all labels: what the data offers, not what {run} looks at."
    )
