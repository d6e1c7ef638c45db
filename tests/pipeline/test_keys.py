"""What a step's key depends on, and what has no say in it."""

import importlib
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from tamis.core import UsageError, Workspace
from tamis.pipeline import Artefact, Graph, RunStore, Step, kind_of, run_graph, step_key

STEP = """
from pathlib import Path
from tamis.pipeline import Artefact, Context, step

@step(outputs=("file",), settings=("pipeline",), code=("split",{more}))
def count(context: Context, rows: Artefact, *, size: int = 3):
    return {{"file": None}}

def content(workspace, given):
    path = workspace.root / given["name"]
    if given["name"] == "odd":
        raise KeyError("odd")
    return {{given["name"]: path.read_text()}} if path.name != "unknown" else None

@step(outputs=("lines",), reads=content)
def read(context: Context, *, name: str = "a.txt"):
    return {{"lines": 1}}
"""
ROWS = Artefact(kind="dataset", ref="docs@1", fingerprint="11")


@pytest.fixture
def make_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that writes a module with steps and returns the kind of one."""
    monkeypatch.syspath_prepend(tmp_path)

    def make(name: str = "count", *, more: str = "", source: str = STEP, module: str = ""):
        module = module or f"steps_{uuid.uuid4().hex}"
        (tmp_path / f"{module}.py").write_text(source.format(more=more))
        importlib.invalidate_caches()
        return kind_of(f"{module}:{name}")

    return make


def workspace_of(folder: Path, yaml: str, *overrides: str) -> Workspace:
    folder.mkdir(exist_ok=True)
    (folder / "tamis.yaml").write_text(yaml)
    return Workspace(folder, overrides)


def key(workspace: Workspace, kind, rows: object = ROWS, **parameters: object) -> str:
    return step_key(workspace, "count", kind, inputs={"rows": rows}, parameters=parameters).fingerprint


def test_what_is_only_written_otherwise_has_no_say(tmp_path, make_kind):
    kind = make_kind()
    first = key(workspace_of(tmp_path / "w", "pipeline: {parallel_steps: 3, model: docs}\n"), kind)
    written = "# a comment\npipeline:\n  model: docs   # another\n  parallel_steps: 3\n"
    assert key(workspace_of(tmp_path / "w", written), kind) == first
    assert key(workspace_of(tmp_path / "w", written + "serve: {port: 9999}\n"), kind) == first, (
        "a section it never reads"
    )
    assert key(workspace_of(tmp_path / "w", "pipeline: {model: docs}\n", "pipeline.parallel_steps=3"), kind) == first
    assert key(workspace_of(tmp_path / "w", written), kind, size=3) == first, "3 is the default"
    renamed = ROWS.model_copy(update={"ref": "docs@7"})
    assert key(workspace_of(tmp_path / "w", written), kind, renamed) == first, "the same rows by another name"


def test_everything_else_has(tmp_path, make_kind):
    kind = make_kind()
    workspace = workspace_of(tmp_path / "w", "pipeline: {parallel_steps: 3}\n")
    other = ROWS.model_copy(update={"fingerprint": "22"})
    keys = [
        key(workspace, kind),
        key(workspace_of(tmp_path / "w2", "pipeline: {parallel_steps: 2}\n"), kind),
        key(workspace, kind, size=4),
        key(workspace, kind, other),
        key(workspace, kind, [ROWS, other]),
        key(workspace, kind, [other, ROWS]),
        key(workspace, make_kind(more='"explore",')),
        step_key(workspace, "tally", kind, inputs={"rows": ROWS}, parameters={}).fingerprint,
    ]
    assert len(set(keys)) == len(keys)


def test_the_code_of_what_it_names_and_the_versions_of_libraries(tmp_path, make_kind):
    workspace = workspace_of(tmp_path / "w", "")
    package = f"part_{uuid.uuid4().hex}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / package / "inner.py").write_text("ONE = 1\n")
    say = "import json, sys; from pathlib import Path; from tamis.core import Workspace\n"
    say += "from tamis.pipeline import kind_of, step_key\n"
    say += (
        "print(step_key(Workspace(Path(sys.argv[1])), 'x', kind_of(sys.argv[2]), inputs={}, parameters={}).fingerprint)"
    )
    mine = STEP.format(more=f'"{package}",')
    (tmp_path / "mine.py").write_text(mine)

    def in_a_new_process(*paths: Path) -> str:
        words = [sys.executable, "-c", say, str(workspace.root), "mine:count"]
        where = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [*paths, tmp_path]))}
        return subprocess.run(words, env=where, capture_output=True, text=True, check=True, timeout=60).stdout

    first = in_a_new_process()
    (tmp_path / package / "inner.py").write_text("ONE = 2\n")
    second = in_a_new_process()
    newer = tmp_path / "newer" / "openvino-2099.0.dist-info"
    newer.mkdir(parents=True)
    (newer / "METADATA").write_text("Metadata-Version: 2.1\nName: openvino\nVersion: 2099.0\n")
    third = in_a_new_process(newer.parent)
    assert len({first, second, third}) == 3


def test_the_code_of_the_module_of_the_step(tmp_path, make_kind):
    workspace = workspace_of(tmp_path / "w", "")
    before = key(workspace, make_kind(module="changes"))
    assert key(workspace, make_kind(module="changes")) == before
    (tmp_path / "changes.py").write_text(STEP.format(more="") + "\nTHREE = 3\n")
    importlib.reload(sys.modules["changes"])
    assert key(workspace, kind_of("changes:count")) != before


def test_what_it_reads_besides(tmp_path, make_kind):
    kind = make_kind("read")
    workspace = workspace_of(tmp_path / "w", "")

    def of(**parameters: object):
        return step_key(workspace, "read", kind, inputs={}, parameters=parameters)

    assert of().fingerprint == "", "what is not there: the step itself will say so"
    assert of(name="unknown").fingerprint == ""
    with pytest.raises(UsageError, match="what read reads cannot be told: KeyError: 'odd'"):
        of(name="odd")
    (workspace.root / "a.txt").write_text("one")
    first = of()
    assert first.parts["reads"] == {"a.txt": "one"}
    assert of().fingerprint == first.fingerprint
    (workspace.root / "a.txt").write_text("two")
    assert of().fingerprint != first.fingerprint


def test_what_changed_while_a_step_read_it_is_read_again(tmp_path, make_kind):
    source = (
        STEP
        + """
@step(outputs=("lines",), reads=content)
def read_and_write(context: Context, *, name: str = "a.txt"):
    path = context.workspace.root / name
    read = path.read_text()
    path.write_text("two")
    return {{"lines": read}}
"""
    )
    make_kind("read_and_write", source=source, module="reads_and_writes")
    workspace = workspace_of(tmp_path / "w", "")
    (workspace.root / "a.txt").write_text("one")
    graph = Graph(name="g", steps=(Step(name="read", uses="reads_and_writes:read_and_write"),))

    def status() -> str:
        state = run_graph(workspace, graph, {}, store=RunStore.create(workspace, graph, {}))
        return state.steps["read"].status

    assert [status(), status(), status()] == ["finished", "finished", "cached"]


def test_parts_are_json(tmp_path, make_kind):
    parts = step_key(
        workspace_of(tmp_path / "w", ""), "count", make_kind(), inputs={"rows": [ROWS]}, parameters={}
    ).parts
    assert json.loads(json.dumps(parts)) == parts
    assert set(parts["code"]) >= {"step", "tamis.split"}
    assert parts["environment"]["python"] == sys.version.split()[0]


def test_what_cannot_be_told_is_an_error(tmp_path, make_kind):
    with pytest.raises(UsageError, match=r"code='splitt' of a step names no chapter of Tamis"):
        key(workspace_of(tmp_path / "w", ""), make_kind(more='"splitt",'))
    space: dict[str, object] = {"__name__": "nowhere"}
    exec(STEP.format(more=""), space)
    made = make_kind()
    lost = type(made)(space["count"], ("file",))
    with pytest.raises(UsageError, match="the source of the step nowhere:count cannot be read"):
        key(workspace_of(tmp_path / "w", ""), lost)
