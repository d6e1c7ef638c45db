"""Each recipe runs from its source to its gate, on a few rows of the real data where that is here."""

from __future__ import annotations

import csv
import gzip
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tamis.core import Workspace
from tamis.pipeline import RunState, RunStore, run_graph, standard_graph

pytestmark = pytest.mark.slow

RECIPES = Path(__file__).resolve().parents[2] / "recipes"
QUICK = (
    "pipeline.families=[linear]",
    "pipeline.pictures=false",
    "train.trackers=[]",
    "evaluate={resamples: 100, find_slices: false}",
    "pipeline.approve=automatic",
)
NO_FLOORS = "pipeline.gates={data: null}"  # so few rows reach none


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """A copy of a recipe, in which commands run."""

    def copy(name: str) -> Path:
        shutil.copytree(RECIPES / name, tmp_path / name)
        monkeypatch.chdir(tmp_path / name)
        return tmp_path / name

    return copy


def run(folder: Path, *overrides: str) -> RunState:
    workspace = Workspace(folder, (*QUICK, *overrides))
    graph = standard_graph(workspace)
    state = run_graph(workspace, graph, {}, store=RunStore.create(workspace, graph, {}))
    assert state.status == "finished", state.why
    assert state.steps["deploy"].status == "finished"
    return state


def commands(folder: Path) -> Iterator[list[str]]:
    """The commands that the page tells to run before `tamis run`."""
    console = re.findall(r"^```console\n(.*?)^```", (folder / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    for line in "\n".join(console).splitlines():
        if line.startswith("$ tamis data "):
            yield shlex.split(line.removeprefix("$ tamis "))


def prepare(folder: Path, source: Path) -> None:
    """Run them as they stand, from a source that is here."""
    from tamis.cli.main import main

    for words in commands(folder):
        if words[1] == "import":
            words[2] = str(source)
        with pytest.raises(SystemExit) as stop:
            main(words)
        assert not stop.value.code, words


def first_rows(
    source: Path, target: Path, *, rows: int, delimiter: str = ",", quoting: int = csv.QUOTE_MINIMAL
) -> Path:
    opened = gzip.open if source.suffix == ".gz" else open
    with (
        opened(source, "rt", encoding="utf-8", newline="") as file,
        target.open("w", newline="", encoding="utf-8") as out,
    ):
        reader = csv.reader(file, delimiter=delimiter, quoting=quoting)
        writer = csv.writer(out, delimiter=delimiter, quoting=quoting, quotechar=None if quoting else '"')
        for number, row in enumerate(reader):
            if number > rows:
                break
            writer.writerow(row)
    return target


def test_project_tags(recipe, shared):
    folder = recipe("project-tags")
    source = first_rows(shared("madewithml/dataset.csv"), folder / "some.csv", rows=240)
    held = shared("madewithml/holdout.csv")
    state = run(folder, f"pipeline.source={source}", f"pipeline.split.hold_out={held}")  # with the recipe's own gate
    assert state.steps["split"].outputs["rows"]["test"] == 191
    assert state.steps["evaluate"].outputs["score"] > 0.7
    assert any("too few to say" in says for says in state.steps["gate"].outputs["conditions"].values())


def test_offensive_language(recipe, shared):
    folder = recipe("offensive-language")
    prepare(folder, first_rows(shared("olid/olid-training-v1.0.tsv"), folder / "some.tsv", rows=400, delimiter="\t"))
    state = run(folder, NO_FLOORS)
    assert state.steps["import"].outputs["rows"] == 400
    assert state.steps["evaluate"].outputs["scores"]["hierarchy_consistency"] == 1


def test_clothing_sentiment(recipe, shared):
    folder = recipe("clothing-sentiment")
    reviews = shared("womens-clothing/Womens Clothing E-Commerce Reviews.csv.gz")
    state = run(folder, f"pipeline.source={first_rows(reviews, folder / 'some.csv', rows=300)}", NO_FLOORS)
    assert state.steps["import"].outputs["rows"] == 300
    assert state.steps["check"].outputs["dataset"]["ref"] == "clothing@2"  # rows without text are gone


def test_star_ratings(recipe, shared):
    folder = recipe("star-ratings")
    source = shared("amazon-reviews/amazon_reviews_multi_category.tsv.gz")
    some = first_rows(source, folder / "some.tsv", rows=200, delimiter="\t", quoting=csv.QUOTE_NONE)
    state = run(folder, f"pipeline.source={some}", NO_FLOORS)
    assert "quadratic_kappa" in state.steps["evaluate"].outputs["scores"]


def test_scientific_pdfs(recipe, shared):
    folder = recipe("scientific-pdfs")
    papers = {
        "medicine": ["PMC4739218", "PMC4736312", "PMC4735928", "PMC4738992", "PMC4745294"],
        "language": ["layout-parser-paper-fast", "mooney05", "roark13", "P14-1059", "multi-column"],
    }
    for field, names in papers.items():
        (folder / "papers" / field).mkdir(parents=True)
        for name in names:
            shutil.copy(shared("pdfs") / f"{name}.pdf", folder / "papers" / field)
    prepare(folder, folder / "papers")
    state = run(folder, NO_FLOORS, "split.fractions={train: 0.6, validation: 0.2, test: 0.2}")
    assert state.steps["split"].outputs["rows"]["test"]
