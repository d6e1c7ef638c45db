"""What tests of serving start from: tiny linear bundles, made once, and a real server over one."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pytest

from tamis.core import LabelSet, Schema
from tamis.tasks import task_for

if TYPE_CHECKING:
    from fastapi.testclient import TestClient

    from tamis.core import EventLog
    from tamis.models import Bundle
    from tamis.predict.scorer import LinearScorer, Prepared, Scored
    from tamis.serve import Server, ServeSettings, Traces

WORDS = (
    "good", "bad", "film", "story", "slow", "loud", "warm", "thin", "bright", "tender", "of", "minutes", "a", "the",
    "and", "is", "not", "very", "ever", "never",
)  # fmt: skip


class GatedScorer:
    """A linear model that remembers its passes, waits while its gate is closed, and cannot read poison."""

    def __init__(self, inner: LinearScorer, *, side_by_side: int = 1) -> None:
        self.inner = inner
        self.side_by_side = side_by_side
        self.passes: list[list[str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def prepare(self, texts: Sequence[str]) -> Prepared:
        return self.inner.prepare(texts)

    def score(self, prepared: Prepared, *, alone: bool = True) -> Scored:
        self.passes.append(list(prepared.texts))
        assert self.gate.wait(20), "nobody opened the gate"
        if any("poison" in text for text in prepared.texts):
            raise RuntimeError("the engine broke")
        return self.inner.score(prepared)

    async def began(self, passes: int = 1) -> None:
        """Return when so many passes have begun."""
        while len(self.passes) < passes:
            await asyncio.sleep(0.001)


@pytest.fixture(scope="session")
def gated() -> Callable[..., GatedScorer]:
    """A function that returns the gated model of a linear bundle: `Classifier(bundle, gated(bundle))`."""
    from tamis.models import load_linear
    from tamis.predict.scorer import LinearScorer

    return lambda bundle, **told: GatedScorer(LinearScorer(load_linear(bundle.path)), **told)


@pytest.fixture(scope="session")
def make_linear(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Bundle]:
    """A function that returns a tiny linear bundle; another `seed` is another model: `make_linear(seed=2)`."""
    made: dict[tuple[object, ...], Bundle] = {}

    def make(
        *,
        seed: int = 1,
        task: str = "single_label",
        labels: Sequence[str] = ("bad", "good", "odd"),
        at: Path | None = None,
        parents: dict[str, str] | None = None,
        **manifest: Any,
    ) -> Bundle:
        from tamis.models import BundleManifest, EngineChoice, Lineage, TaskSpec, fit_linear, seal_bundle

        key = (seed, task, tuple(labels), at, repr((parents, manifest)))
        if key not in made:
            folder = at or tmp_path_factory.mktemp("linear") / "bundle"
            folder.mkdir(parents=True, exist_ok=True)
            chosen = task_for(task, LabelSet(labels), parents=parents)
            random = np.random.default_rng(seed)
            texts = [" ".join(random.choice(WORDS, 8)) for _ in range(60)]
            said = [labels[WORDS.index(text.split()[0]) % len(labels)] for text in texts]
            targets = chosen.encode([[each] for each in said] if task == "multi_label" else said)
            fit_linear(texts, targets, chosen)[0].save(folder)
            made[key] = seal_bundle(
                folder,
                BundleManifest(
                    name=f"tiny-linear-{seed}.abcd",
                    family="linear",
                    task=TaskSpec.of(chosen),
                    schema_=Schema(text=("text",), label=("label",)),
                    engine=EngineChoice(name="linear", file="model.safetensors"),
                    lineage=Lineage(
                        run=f"tiny-linear-{seed}",
                        fingerprint="abcd",
                        dataset="reviews@1",
                        dataset_fingerprint="ef",
                        tamis="0.1.0",
                        created=datetime(2026, 1, 1, tzinfo=UTC),
                    ),
                    **{"cleaning": ("whitespace",), **manifest},
                ),
            )
        return made[key]

    return make


class Listening(NamedTuple):
    """A real server that runs in this process."""

    address: str
    port: int
    server: Server


@contextlib.contextmanager
def _listening(server: Server) -> Iterator[Listening]:
    import uvicorn

    from tamis.serve import http_config

    config = http_config(server)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    running = uvicorn.Server(config)

    def work() -> None:
        with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
            runner.run(running.serve(sockets=[listener]))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(3000):
            with contextlib.suppress(Exception):
                server.check_ready()
                break
            time.sleep(0.01)
        yield Listening(f"{'https' if server.settings.certificate else 'http'}://127.0.0.1:{port}", port, server)
    finally:
        running.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "tamis test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "tls.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "tls.key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return folder / "tls.pem", folder / "tls.key"


@pytest.fixture
def listening() -> Iterator[Callable[[Server], Listening]]:
    """A function that runs a server on loopback until the test ends: `listening(server).address`."""
    with contextlib.ExitStack() as stack:
        yield lambda server: stack.enter_context(_listening(server))


@pytest.fixture(scope="module")
def listen(make_linear: Callable[..., Bundle]) -> Iterator[Callable[..., Listening]]:
    """A function that starts a real server over a tiny linear model: `listen(ServeSettings(max_texts=3)).address`."""
    from tamis.predict import PredictSettings
    from tamis.serve import Server, ServeSettings, open_answering

    with contextlib.ExitStack() as stack:

        def start(
            settings: ServeSettings | None = None, *, traces: Traces | None = None, events: EventLog | None = None
        ) -> Listening:
            settings = settings or ServeSettings()
            bundles = {"tiny": make_linear()}
            server = Server(
                settings,
                lambda: open_answering(bundles, settings, PredictSettings(), events=events, observe=server.batch),
                traces=traces,
            )
            return stack.enter_context(_listening(server))

        yield start


@pytest.fixture
def open_client() -> Iterator[Callable[..., TestClient]]:
    """A function that serves bundles by name and returns who asks: `open_client({"m": bundle}, queue_texts=1)`."""
    from fastapi.testclient import TestClient

    from tamis.predict import PredictSettings
    from tamis.serve import Server, ServeSettings, build_app, open_answering

    with contextlib.ExitStack() as until_the_end:

        def opened(
            bundles: Mapping[str, Bundle],
            *,
            fallbacks: Mapping[str, Bundle] | None = None,
            events: EventLog | None = None,
            chain: Sequence[Mapping[str, object]] = (),
            **settings: Any,
        ) -> TestClient:
            told = ServeSettings.model_validate({**settings, "fallbacks": chain})
            server = Server(
                told,
                lambda: open_answering(bundles, told, PredictSettings(), fallbacks=fallbacks, events=events),
            )
            client = until_the_end.enter_context(TestClient(build_app(server)))
            assert client.portal is not None
            client.portal.call(server.loaded)
            return client

        yield opened
