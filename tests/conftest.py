"""What most tests start from: an empty workspace, a small dataset, tiny models, and the real data where it is there."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import hypothesis
import pyarrow as pa
import pytest

from tamis.cli.main import main
from tamis.core import LabelSet, Schema, Workspace
from tamis.data import Dataset, DatasetWriter
from tamis.features import LongText
from tamis.tasks import task_for

if TYPE_CHECKING:
    from tamis.models import Bundle

# several test processes share the cores: threads that wait for each other would take most of the time
os.environ.setdefault("OMP_NUM_THREADS", "1")
# a busy machine is no reason to fail
hypothesis.settings.register_profile("tamis", deadline=None)
hypothesis.settings.load_profile("tamis")

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip
"""What the tokenizer of tiny models knows."""

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


def write_tokenizer(folder: Path, *, roberta: bool) -> int:
    """Write a small WordPiece tokenizer, with RoBERTa's special tokens and their numbers if asked; return its size."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

    letters = "abcdefghijklmnopqrstuvwxyz"
    special = ["<s>", "<pad>", "</s>", "<unk>"] if roberta else ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    first, pad, last, unknown = special if roberta else (special[2], special[0], special[3], special[1])
    pieces = dict.fromkeys([*special, *WORDS, *letters, *(f"##{letter}" for letter in letters)])
    vocabulary = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token=unknown))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}", special_tokens=[(first, vocabulary[first]), (last, vocabulary[last])]
    )
    tokenizer.enable_truncation(7)  # sentence-transformers saves such; a bundle must not keep it
    tokenizer.enable_padding(pad_id=vocabulary[pad], pad_token=pad)
    tokenizer.save(str(folder / "tokenizer.json"))
    names = {"pad_token": pad, "unk_token": unknown, "cls_token": first, "sep_token": last}
    settings = {"tokenizer_class": "RobertaTokenizer" if roberta else "BertTokenizer", "model_max_length": 512}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    (folder / "special_tokens_map.json").write_text(json.dumps({**names, "pad_token": {"content": pad}}))
    return len(vocabulary)


def write_backbone(folder: Path, kind: str, *, spread: float) -> Path:
    """Write a random encoder of 2 layers, 32 wide, without a head, as a model's folder on the hub."""
    import torch
    from transformers import AutoConfig, AutoModel

    folder.mkdir(parents=True, exist_ok=True)
    roberta = kind == "roberta"
    sizes = {
        "vocab_size": write_tokenizer(folder, roberta=roberta),
        "hidden_size": 32,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 64,
        "max_position_embeddings": 66 if roberta else 64,
        "pad_token_id": int(roberta),
        "initializer_range": spread,
    }
    sizes |= {
        "roberta": {"type_vocab_size": 1, "bos_token_id": 0, "eos_token_id": 2},
        "distilbert": {"dim": 32, "hidden_dim": 64, "n_layers": 2, "n_heads": 2},
        "deberta": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        "deberta-v2": {"pooler_hidden_size": 32, "relative_attention": True, "pos_att_type": ["c2p", "p2c"]},
        # so short a window that its layers see less than the longest texts
        "modernbert": {
            "cls_token_id": 2,
            "sep_token_id": 3,
            "bos_token_id": 2,
            "eos_token_id": 3,
            "local_attention": 8,
        },
    }.get(kind, {})
    if kind == "distilbert":
        for name in ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size"):
            del sizes[name]
    torch.manual_seed(3)
    model = AutoModel.from_config(AutoConfig.for_model(kind, **sizes))
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that returns the folder of a tiny encoder of a type, made once."""
    made: dict[tuple[str, float], Path] = {}

    def make(kind: str = "bert", *, spread: float = 0.3) -> Path:
        if (kind, spread) not in made:
            made[kind, spread] = write_backbone(tmp_path_factory.mktemp("backbone") / kind, kind, spread=spread)
        return made[kind, spread]

    return make


@pytest.fixture(scope="session")
def tiny_model(backbone: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that returns the folder of a tiny classifier of a type and task, made once."""
    made: dict[tuple[str, str], Path] = {}

    def model_of(kind: str = "bert", task: str = "single_label") -> Path:
        if (kind, task) not in made:
            import torch

            from tamis.models import build_encoder, save_encoder

            labels = ("1", "2", "3") if task == "ordinal" else ("bad", "good", "odd")
            folder = tmp_path_factory.mktemp("tiny") / "model"
            start = backbone(kind, spread=0.4)  # far from even scores
            model = build_encoder(start, task_for(task, LabelSet(labels)), seed=1)
            with torch.no_grad():  # a head that says different things of different texts
                torch.manual_seed(5)
                torch.nn.init.normal_(next(iter(list(model.parameters())[-2:])), std=1.0)
            save_encoder(model, start, folder, max_tokens=48)
            made[kind, task] = folder
        return made[kind, task]

    return model_of


@pytest.fixture
def seal() -> Callable[..., Bundle]:
    """A function that seals a folder as a bundle: `seal(folder, labels=["a", "b"], cleaning=("html",))`."""

    def sealed(
        folder: Path,
        *,
        task: str = "single_label",
        labels: Sequence[str],
        parents: dict[str, str] | None = None,
        family: str = "encoder",
        settings: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Bundle:
        from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec, seal_bundle

        manifest = {
            "name": f"tiny-{family}-1.abcd",
            "family": family,
            "task": TaskSpec.of(task_for(task, LabelSet(labels), parents=parents)),
            "schema_": Schema(text=("text",), label=("label",)),
            "engine": EngineChoice(name="linear" if family == "linear" else "torch", file="model.safetensors"),
            "lineage": Lineage(
                run=f"tiny-{family}-1",
                fingerprint="abcd",
                dataset="reviews@1",
                dataset_fingerprint="ef",
                tamis="0.1.0",
                created=datetime(2026, 1, 1, tzinfo=UTC),
                settings=settings or {},
            ),
            "long_text": LongText(max_tokens=48),
        }
        return seal_bundle(folder, BundleManifest(**{**manifest, **changes}))

    return sealed


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


def _postgres_programs() -> Path | None:
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a new PostgreSQL on loopback; it refuses to run as root, so root lends it a name."""
    programs = _postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not here: apt-get install postgresql")
    pytest.importorskip("adbc_driver_postgresql.dbapi", reason="pip install 'tamis[sql]'")
    home = Path(tempfile.mkdtemp(prefix="tamis-pg-"))
    somebody: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("nobody")
        os.chown(home, user.pw_uid, user.pw_gid)
        somebody = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    quiet: dict[str, Any] = {"cwd": home, **dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)}
    (home / "password").write_text("pa:ss word\n")
    initdb = [programs / "initdb", "-D", home / "data", "-U", "tamis", "-A", "scram-sha-256", "--no-sync", "-E", "UTF8"]
    subprocess.run([*initdb, "--locale=C", f"--pwfile={home}/password"], check=True, **quiet, **somebody)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={home}", "fsync=off"]
    options = [word for setting in settings for word in ("-c", setting)]
    server = subprocess.Popen(
        [programs / "postgres", "-D", home / "data", "-p", str(port), *options], **quiet, **somebody
    )
    try:
        for _ in range(200):
            if subprocess.run([programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)], **quiet).returncode == 0:
                break
            time.sleep(0.05)
        yield f"postgresql://tamis:pa%3Ass%20word@127.0.0.1:{port}/postgres"
    finally:
        server.send_signal(signal.SIGINT)  # do not wait for those who are still connected
        server.wait()
        shutil.rmtree(home, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Callable[[], str]:
    """A function that returns the address of a new, empty database."""
    from adbc_driver_postgresql import dbapi

    numbers = itertools.count(1)

    def make() -> str:
        name = f"test_{next(numbers)}"
        with dbapi.connect(postgres_server, autocommit=True) as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name}")
        return f"{postgres_server.rpartition('/')[0]}/{name}"

    return make


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[None]:
    """A Ray cluster of two processors that lives as long as the tests."""
    from tamis.core import MissingExtra, plugins

    try:
        plugins.load("executor", "ray")  # sets Ray's switches, which it reads when it is imported
    except MissingExtra as error:
        pytest.skip(str(error))
    import ray

    ray.init("local", num_cpus=2, object_store_memory=100 << 20, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()
