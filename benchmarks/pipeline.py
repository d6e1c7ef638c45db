"""Pipeline: what the engine itself costs, with 50 steps that do nothing: run, and found unchanged.

Half of the steps stand in a row, half side by side. Every event of the run is on the disk before the next one.
"""

from __future__ import annotations

import argparse
import itertools
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from side_by_side import Measured, alternate, finish, median_seconds, print_table, time_call

from tamis.core import Workspace
from tamis.pipeline import Context, Graph, RunStore, Step, run_graph, step

STEPS, ROUNDS, QUICK_ROUNDS = 50, 11, 3


@step(outputs=("number",))
def nothing(context: Context, number: int = 0) -> dict[str, Any]:
    """Make a number."""
    return {"number": number}


def no_ops() -> Graph:
    """Return a graph of steps that do nothing: one row of them, and as many beside it."""
    uses = f"{nothing.__module__}:nothing"
    row = [
        Step(name=f"row{n}", uses=uses, parameters={"number": n}, after=(f"row{n - 1}",) if n else ())
        for n in range(STEPS // 2)
    ]
    beside = [Step(name=f"beside{n}", uses=uses, parameters={"number": -n - 1}) for n in range(STEPS - STEPS // 2)]
    return Graph(name="no_ops", steps=(*row, *beside))


def _run(workspace: Workspace, expected: str) -> Measured:
    def whole() -> str:
        graph = no_ops()
        state = run_graph(workspace, graph, {}, store=RunStore.create(workspace, graph, {}))
        found = {each.status for each in state.steps.values()}
        assert (state.status, found, len(state.steps)) == ("finished", {expected}, STEPS), found
        return state.status

    return time_call(whole)


def main() -> None:
    """Run, run again, judge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--rounds", type=int)
    told = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="tamis-pipeline-") as name:
        numbers = itertools.count()

        def run_anew() -> Measured:
            root = Path(name) / str(next(numbers))
            root.mkdir()
            (root / "tamis.yaml").write_text("")
            return _run(Workspace(root), "finished")

        run_anew()  # whatever is imported when it is first needed
        again = Workspace(Path(name) / "0")
        runs = alternate(
            {"run": run_anew, "unchanged": partial(_run, again, "cached")},
            rounds=told.rounds or (QUICK_ROUNDS if told.quick else ROUNDS),
        )
    rows = [
        [kind, STEPS, median_seconds(measured), max(each.seconds for each in measured)]
        for kind, measured in runs.items()
    ]
    print_table(["", "steps", "seconds (median)", "seconds (longest)"], rows)
    finish(
        "pipeline",
        ratios={f"{kind}_seconds": median_seconds(measured) for kind, measured in runs.items()},
        targets={"run_seconds": "<= 2", "unchanged_seconds": "<= 0.5"},
    )


if __name__ == "__main__":
    main()
