"""Read: `pipeline.yaml` becomes a graph, or errors that name the file, the line, the key and the nearest known one."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from tamis.core import UsageError, Workspace, load_placed
from tamis.pipeline.check import check_graph, raise_problems
from tamis.pipeline.graph import Graph
from tamis.pipeline.own_code import importable


def read_graph(path: Path) -> Graph:
    """Return the graph that a YAML or JSON file declares; UsageError tells all that is wrong with it, line by line.

    Steps like `steps:clean` are functions in modules beside the file, or beside the `tamis.yaml` above it.
    """
    graph, place = load_placed(Graph, path)
    importable(path.parent)
    with contextlib.suppress(UsageError):  # it need not be in a workspace
        importable(Workspace.find(path.parent).root)
    raise_problems(check_graph(graph), place)
    return graph


def graph_schema() -> dict[str, Any]:
    """Return the JSON Schema of `pipeline.yaml`, for editors."""
    return Graph.model_json_schema() | {"title": "pipeline.yaml"}
