"""A program that runs a graph in a workspace, to be killed by tests: `killed_run.py WORKSPACE small|real [RUN]`."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from tamis.core import Workspace, write_atomic
from tamis.pipeline import Artefact, Context, Graph, RunStore, Step, find_artefact, find_run, plan, run_graph, step


@step(outputs=("file", "count"))
def letters(context: Context, seed: int = 1) -> dict[str, Any]:
    """Write a file in several pieces, slowly."""
    return {
        "file": _written(context, f"letters-{seed}.txt", [chr(97 + (seed * i) % 26) for i in range(20)]),
        "count": 20,
    }


@step(outputs=("file",))
def doubled(context: Context, file: Artefact, times: int = 2) -> dict[str, Any]:
    """Write what another step wrote, several times over."""
    text = (context.workspace.root / file.ref).read_text()
    assert len(text) == 20, "half a file was read"
    return {"file": _written(context, f"doubled-{file.ref}", [text] * times)}


@step(outputs=("file", "folder", "length"))
def together(context: Context, files: list[Artefact]) -> dict[str, Any]:
    """Write all that others wrote, into a file and a folder."""
    texts = [(context.workspace.root / file.ref).read_text() for file in files]
    assert all(len(text) == 40 for text in texts), "half a file was read"
    for number, text in enumerate(texts):
        _written(context, f"many/{number}.txt", [text])
    return {
        "file": _written(context, "together.txt", texts),
        "folder": find_artefact(context.workspace, "folder", "many"),
        "length": sum(map(len, texts)),
    }


def _written(context: Context, name: str, pieces: list[str]) -> Artefact:
    """A file in the workspace that is whole as soon as it is there."""
    time.sleep(0.05)
    write_atomic(context.workspace.root / name, "".join(pieces))
    return find_artefact(context.workspace, "file", name)


SMALL = Graph(
    name="small",
    steps=(
        Step(name="letters", uses="killed_run:letters", for_each={"seed": [1, 3, 5]}),
        Step(name="doubled", uses="killed_run:doubled", inputs={"file": "letters.file"}),
        Step(name="together", uses="killed_run:together", inputs={"files": "doubled.file"}),
    ),
)
REAL = Graph(
    name="real",
    steps=(
        Step(name="import", uses="import", parameters={"source": "rows.csv", "name": "docs"}),
        Step(name="split", uses="split", inputs={"dataset": "import.dataset"}),
        Step(name="train", uses="train", inputs={"dataset": "split.dataset"}, for_each={"family": ["linear"]}),
        Step(name="calibrate", uses="calibrate", inputs={"runs": ["train.run"]}),
        Step(name="evaluate", uses="evaluate", inputs={"run": "calibrate.run"}, parameters={"pictures": False}),
    ),
)
ENCODER = Graph(
    name="encoder",
    steps=(*REAL.steps[:2], REAL.steps[2].model_copy(update={"for_each": {"family": ["encoder"]}}), *REAL.steps[3:]),
)
GRAPHS = {"small": SMALL, "real": REAL, "encoder": ENCODER}


def run(workspace: Workspace, graph: Graph, name: str = "") -> Any:
    """Run a graph anew, or go on with a run."""
    store = find_run(workspace, name) if name else RunStore.create(workspace, graph, {})
    return run_graph(store.workspace, store.graph, store.given, store=store)


if __name__ == "__main__":
    here = Workspace(Path(sys.argv[1]))
    plan(GRAPHS[sys.argv[2]], {}), here.config  # what takes seconds to load is loaded before the clock starts
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    run(here, GRAPHS[sys.argv[2]], *sys.argv[3:])
    sys.stdout.write("done\n")
    sys.stdout.flush()
