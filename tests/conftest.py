"""What most tests start from: an empty workspace, a small dataset in it, and the real data where it is present."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import hypothesis
import pyarrow as pa
import pytest

from tamis.cli.main import main
from tamis.core import Workspace
from tamis.data import Dataset, DatasetWriter, Schema

# several test processes share the cores: threads that wait for each other would take most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
# a busy machine is no reason to fail
hypothesis.settings.register_profile("tamis", deadline=None)
hypothesis.settings.load_profile("tamis")

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty workspace with the default settings, but for trackers: starting MLflow takes seconds."""
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "tamis.yaml").write_text("train: {trackers: []}\n")
    return Workspace(tmp_path / "work")


@pytest.fixture
def make_dataset(workspace: Workspace) -> Callable[..., Dataset]:
    """A function that stores columns as a dataset: `make_dataset("reviews", text=[…], label=[…])`."""

    def make(name: str = "reviews", *, task: str | None = None, **columns: object) -> Dataset:
        table = pa.table(columns)
        if "id" not in columns:
            table = table.add_column(0, "id", pa.array([str(row) for row in range(1, table.num_rows + 1)]))
        roles = {role: role for role in ("id", "group", "time", "split") if role in table.column_names}
        label = ("label",) if "label" in columns else ()
        schema = Schema(text=("text",), label=label, **roles)
        with DatasetWriter(
            workspace, name, schema=schema, source={"uri": "memory", "kind": "test"}, task=task
        ) as writer:
            writer.write(table)
            return writer.commit()[0]

    return make


class Outcome(NamedTuple):
    """What a command line printed and how it ended."""

    code: int
    out: str
    err: str


@pytest.fixture
def tamis(workspace: Workspace) -> Callable[..., Outcome]:
    """Runs a command line in the workspace: `tamis("data", "list").out`."""

    def run(*words: str | Path) -> Outcome:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as stop:
            main(["--workspace", str(workspace.root), *map(str, words)])
        return Outcome(int(stop.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def shared() -> Callable[[str], Path]:
    """Finds a file of the real data, or skips the test with the reason."""

    def find(name: str) -> Path:
        if not (SHARED / name).exists():
            pytest.skip(f"the real data is not here: {name}")
        return SHARED / name

    return find


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """The address of an S3 that lives in this process."""
    moto = pytest.importorskip("moto.server", reason="moto plays S3 here: pip install 'tamis[dev]'")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def s3_bucket(s3_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a new empty bucket: `s3://…`."""
    import uuid

    import boto3

    for name, value in {
        "AWS_ENDPOINT_URL": s3_server,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    bucket = f"tamis-{uuid.uuid4().hex}"
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket=bucket)
    return f"s3://{bucket}"
