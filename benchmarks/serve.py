"""Serve: `tamis serve` beside a plain FastAPI endpoint, Ray Serve, and the bare engine, under the same load.

One model, texts of mixed length; Tamis and the bare engine run it in int8, as `tamis export --quantise int8` makes it,
the peers as they load it. Closed loops of 1, 8, 32 and 128 clients are driven by wrk, which is in C and takes hardly
any processor time; an open loop at 70 % of what Tamis bears shows how long the slowest wait. The bare engine reads the
same texts in one process, sorted by length, at its best batch size: what no server that reads them together can beat;
and one by one: how unlike they are by themselves. All take turns, round by round, so that a slow minute of the machine
hits each; a ratio is the median of those of the rounds. Ray is left out where it is not installed. `--soak` sends many
requests to a small model and watches the memory.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt
import psutil
from predict import MAX_TOKENS, make_bundle, mixed_texts
from side_by_side import finish, print_table

from tamis.export import write_int8
from tamis.models import Bundle, EngineChoice, seal_bundle
from tamis.predict import Classifier, load_engine

CLIENTS = (1, 8, 32, 128)
SECONDS, QUICK_SECONDS = 6, 3
ROUNDS = 3
TEXTS = 400
LOAD = 0.7
SETTLE_SECONDS, SETTLED = 0.5, 0.3
"""It has settled when it took less than this share of a processor for so long."""
BATCHES = (256, 512, 1024, 2048)
PEERS = Path(__file__).with_name("serve_peers.py")
LUA = """
local bodies, at = {}, 0
for line in io.lines("%s") do bodies[#bodies + 1] = line end
request = function()
  at = at %% #bodies + 1
  return wrk.format("POST", nil, {["content-type"] = "application/json"}, bodies[at])
end
done = function(summary, latency, requests)
  local bad = summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout
  io.write(string.format('\\n{"requests": %%d, "microseconds": %%d, "p50": %%d, "p99": %%d, "bad": %%d}\\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), bad))
end
"""


@dataclass(frozen=True)
class Load:
    """What a server bore."""

    per_second: float
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True)
class Rival:
    """A server to be started, and how it is asked."""

    command: Callable[[int], Sequence[str]]
    """For a port."""
    ready: str
    """The path that answers 200 once it is ready."""
    path: str = "/predict"
    body: Callable[[str], object] = lambda text: {"text": text}


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str
    process: subprocess.Popen[bytes]

    @property
    def mib(self) -> float:
        """The resident memory of it and its children."""
        whole = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in [whole, *whole.children(recursive=True)]) / 2**20

    def settle(self) -> None:
        """Wait until it works no more."""
        whole, before = psutil.Process(self.process.pid), -1.0
        while True:
            spent = sum(sum(each.cpu_times()[:2]) for each in [whole, *whole.children(recursive=True)])
            if before >= 0 and spent - before < SETTLED * SETTLE_SECONDS:
                return
            before = spent
            time.sleep(SETTLE_SECONDS)


@contextmanager
def running(rival: Rival, port: int) -> Iterator[Server]:
    """Start a server, wait until it is ready, and stop it."""
    command = rival.command(port)
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        deadline = time.monotonic() + 180
        while asyncio.run(status(port, rival.ready)) != 200:
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"{' '.join(command)} did not start")
            time.sleep(0.05)
        yield Server(f"http://127.0.0.1:{port}{rival.path}", process)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)


async def status(port: int, path: str) -> int:
    """Return the status of a GET; 0 when nobody answers."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        line = await reader.readline()
        writer.close()
        return int(line.split()[1]) if line else 0
    except OSError:
        return 0


def free_port() -> int:
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
    return port


def wrk(server: Server, script: Path, *, clients: int, seconds: float) -> Load:
    """Drive a closed loop of clients.

    When wrk goes away it is owed answers, and no server can know that nobody waits for them: so it may settle.
    """
    subprocess.run(
        ["wrk", "-t1", f"-c{clients}", "-d2s", "-s", str(script), server.url], capture_output=True, check=True
    )
    server.settle()
    said = subprocess.run(
        ["wrk", "-t1", f"-c{clients}", f"-d{round(seconds)}s", "--timeout", "30s", "-s", str(script), server.url],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    server.settle()
    found = re.search(r"^\{.*\}$", said, re.MULTILINE)
    assert found, said
    told = json.loads(found[0])
    if told["bad"]:
        sys.exit(f"{told['bad']} of {told['requests']} requests to {server.url} failed:\n{said}")
    return Load(told["requests"] / told["microseconds"] * 1e6, told["p50"] / 1e3, told["p99"] / 1e3)


class Connection:
    """One HTTP connection, as little as is needed."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, port: int) -> Connection:
        """Connect."""
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def ask(self, body: bytes) -> float:
        """Send a request, read the answer, return the seconds it took."""
        start = time.perf_counter()
        self._writer.write(
            b"POST /predict HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
            % len(body)
            + body
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            sys.exit(f"answered {head[:200]!r}")
        length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert length
        await self._reader.readexactly(int(length[1]))
        return time.perf_counter() - start


async def open_loop(port: int, bodies: Sequence[bytes], *, per_second: float, seconds: float) -> Load:
    """Send requests at random moments at a rate, whether or not the answers keep up; waiting counts from when due."""
    random = np.random.default_rng(3)
    idle: list[Connection] = [await Connection.open(port) for _ in range(64)]
    took: list[float] = []

    async def one(body: bytes, due: float) -> None:
        connection = idle.pop() if idle else await Connection.open(port)
        try:
            await connection.ask(body)
        except asyncio.IncompleteReadError:  # it was idle for so long that the server closed it
            connection = await Connection.open(port)
            await connection.ask(body)
        took.append(time.perf_counter() - due)
        idle.append(connection)

    tasks, due, number = [], time.perf_counter(), 0
    end = due + seconds
    while due < end:
        due += random.exponential(1 / per_second)
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(bodies[number % len(bodies)], due)))
        number += 1
    await asyncio.gather(*tasks)
    return Load(len(took) / seconds, *(float(np.percentile(took, part)) * 1e3 for part in (50, 99)))


def one_client(port: int, classifier: Classifier, bodies: Sequence[bytes], texts: Sequence[str]) -> tuple[float, float]:
    """Return the median milliseconds of a request from a lone client, and of the bare engine call, taken in turn."""
    tokenizer, engine = classifier.bundle.tokenizer, classifier._scorer.engine  # type: ignore[attr-defined]
    answers, calls = [], []

    async def both() -> None:
        connection = await Connection.open(port)
        for body, text in zip(bodies, texts, strict=True):
            ids = np.array([tokenizer.engine.encode(text).ids[:MAX_TOKENS]], np.int64)
            mask = np.ones_like(ids)
            for _ in range(4):
                start = time.perf_counter()
                engine.run(ids, mask)
                calls.append(time.perf_counter() - start)
                answers.append(await connection.ask(body))

    asyncio.run(both())
    return statistics.median(answers) * 1e3, statistics.median(calls) * 1e3


class Bare:
    """The engine alone, on texts that are tokenised already."""

    def __init__(self, bundle: Bundle, texts: Sequence[str], *, threads: int) -> None:
        self._engine = load_engine(bundle, threads=threads)
        self._rows = sorted((bundle.tokenizer.engine.encode(text).ids[:MAX_TOKENS] for text in texts), key=len)
        rates = {budget: self.rate(budget) for budget in BATCHES}
        self.best = max(rates, key=rates.__getitem__)
        print(f"bare engine, tokens a batch and texts a second: {rates}", flush=True)

    def rate(self, budget: int = 0) -> float:
        """Return the texts a second in sorted batches of so many tokens, at first the best."""
        batches: list[list[list[int]]] = []
        for row in self._rows:
            if batches and len(row) * (len(batches[-1]) + 1) <= (budget or self.best):
                batches[-1].append(row)
            else:
                batches.append([row])
        padded = [_padded(batch) for batch in batches]
        begun = time.perf_counter()
        for ids, mask in padded:
            self._engine.run(ids, mask)
        return len(self._rows) / (time.perf_counter() - begun)

    def unlikeness(self) -> float:
        """Return the 99th percentile of the time of a call, one text each, as a multiple of the median."""
        took = []
        for row in self._rows:
            ids, mask = _padded([row])
            start = time.perf_counter()
            self._engine.run(ids, mask)
            took.append(time.perf_counter() - start)
        return float(np.percentile(took, 99) / np.percentile(took, 50))


def _padded(rows: Sequence[Sequence[int]]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    ids = np.zeros((len(rows), max(map(len, rows))), np.int64)
    mask = np.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : len(row)], mask[number, : len(row)] = row, 1
    return ids, mask


def tamis(workspace: Path, folder: Path, *extra: str) -> Rival:
    """Return Tamis with a bundle."""
    start = [str(Path(sys.executable).with_name("tamis")), "--workspace", str(workspace), "serve", f"model={folder}"]
    return Rival(lambda port: [*start, "--port", str(port), *extra], ready="/readyz")


def peers(folder: Path, *, threads: int, infinity: str | None) -> dict[str, Rival]:
    """Return the others that can run here."""

    def by_hand(name: str, ready: str) -> Rival:
        return Rival(lambda port: [sys.executable, str(PEERS), name, str(folder), str(port), str(threads)], ready=ready)

    found = {"FastAPI + pipeline": by_hand("fastapi", "/ready")}
    if find_spec("ray"):
        found["Ray Serve"] = by_hand("ray", "/")
    if infinity:
        words = [infinity, "v2", "--model-id", str(folder), "--engine", "torch", "--device", "cpu", "--no-compile"]
        found["Infinity"] = Rival(
            lambda port: [*words, "--no-bettertransformer", "--served-model-name", "model", "--port", str(port)],
            ready="/health",
            path="/classify",
            body=lambda text: {"model": "model", "input": [text]},
        )
    return found


def soak(requests: int) -> None:
    """Send many requests to a linear model, answers kept; judge how the memory grows after the first tenth."""
    with tempfile.TemporaryDirectory(prefix="tamis-soak-") as name:
        workspace, port = Path(name), free_port()
        (workspace / "tamis.yaml").write_text("train: {trackers: []}\n")
        command = [str(Path(sys.executable).with_name("tamis")), "--workspace", name]
        for words in ("data import demo:docstrings --name docs", "data split docs --rows 3000",
                      "train docs --family linear --name small"):  # fmt: skip
            subprocess.run([*command, *words.split()], check=True, capture_output=True)
        bodies = [json.dumps({"text": text}).encode() for text in mixed_texts(5000)]
        with running(tamis(workspace, workspace / ".tamis/runs/small/bundle"), port) as server:
            sent, seen = 0, []
            for share in (0.1, 0.2, 0.4, 0.6, 0.8, 1.0):
                asyncio.run(closed_loop(port, bodies, count=int(requests * share) - sent, clients=16))
                sent = int(requests * share)
                seen.append(server.mib)
                print(f"after {sent:,} requests: {seen[-1]:.1f} MiB", flush=True)
    finish("serve_soak", ratios={"memory_growth": seen[-1] / seen[0]}, targets={"memory_growth": "<= 1.01"})


async def closed_loop(port: int, bodies: Sequence[bytes], *, count: int, clients: int) -> None:
    """Send so many requests, a few at a time."""
    numbers = iter(range(count))

    async def client() -> None:
        connection = await Connection.open(port)
        for number in numbers:
            await connection.ask(bodies[number % len(bodies)])

    await asyncio.gather(*(client() for _ in range(clients)))


def main() -> None:
    """Build, measure, judge."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="short runs, 32 clients only")
    options.add_argument("--seconds", type=float, help="how long each load lasts")
    options.add_argument("--rounds", type=int, default=ROUNDS)
    options.add_argument("--infinity", metavar="FILE", help="the program infinity_emb of an environment of its own")
    options.add_argument("--precision", choices=("fp32", "int8"), default="int8", help="of the model Tamis serves")
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--soak", type=int, metavar="REQUESTS", help="only watch the memory over so many requests")
    told = options.parse_args()
    if told.soak:
        soak(told.soak)
    if shutil.which("wrk") is None:
        sys.exit("wrk drives the load: apt-get install wrk")
    seconds = told.seconds or (QUICK_SECONDS if told.quick else SECONDS)
    texts = mixed_texts(TEXTS)
    folder = Path(tempfile.mkdtemp(prefix="tamis-serve-"))
    try:
        workspace = folder / "workspace"
        workspace.mkdir()
        (workspace / "tamis.yaml").write_text("")
        made = make_bundle(folder / "bundle")
        bundle = exported(made, folder / "exported", precision=told.precision)
        rivals = {
            "tamis": tamis(workspace, bundle.path),
            "tamis, answers not kept": tamis(workspace, bundle.path, "serve.capture=false"),
            **peers(made.path, threads=told.threads, infinity=told.infinity),
        }
        measure(bundle, rivals, texts, workspace, told=told, seconds=seconds)
    finally:
        shutil.rmtree(folder)


def measure(
    bundle: Bundle,
    rivals: Mapping[str, Rival],
    texts: list[str],
    folder: Path,
    *,
    told: argparse.Namespace,
    seconds: float,
) -> None:
    """Put each server under each load, round by round."""
    bare = Bare(bundle, texts, threads=told.threads)
    classifier = Classifier.open(bundle, threads=told.threads)
    asked = [json.dumps(rivals["tamis"].body(text)).encode() for text in texts]
    loads: dict[tuple[str, int], list[Load]] = defaultdict(list)
    mib: dict[str, float] = {}
    opened: list[Load] = []
    ratios: dict[str, list[float]] = defaultdict(list)
    for number in range(1, told.rounds + 1):
        floor = bare.rate()
        ratios["p99_per_p50_of_the_engine_alone"].append(bare.unlikeness())
        print(f"round {number}/{told.rounds}, bare engine: {floor:.1f} a second", flush=True)
        at_32: dict[str, float] = {}
        for name, rival in rivals.items():
            script, port = write_script(folder, rival, texts), free_port()
            begun = time.perf_counter()
            with running(rival, port) as server:
                ready = time.perf_counter() - begun
                for count in (32,) if told.quick else CLIENTS:
                    load = wrk(server, script, clients=count, seconds=seconds)
                    loads[name, count].append(load)
                    print(f"round {number}/{told.rounds}, {name}, {count}: {load.per_second:.1f} a second", flush=True)
                    if count == 32:
                        at_32[name] = load.per_second
                if name == "tamis":
                    ratios["ready_seconds"].append(ready)
                    load = asyncio.run(open_loop(port, asked, per_second=LOAD * at_32[name], seconds=2 * seconds))
                    opened.append(load)
                    ratios["p99_per_p50_at_70_percent"].append(load.p99_ms / load.p50_ms)
                    answer, call = one_client(port, classifier, asked[:60], texts[:60])
                    ratios["one_client_ms_above_engine"].append(answer - call)
                    print(f"one client: {answer:.2f} ms, the bare engine call {call:.2f} ms", flush=True)
                mib[name] = server.mib
            if name == "tamis":  # right before and after it: what the machine gives now
                floor = (floor + bare.rate()) / 2
        others = [rate for name, rate in at_32.items() if not name.startswith("tamis")]
        ratios["share_of_bare_engine"].append(at_32["tamis"] / floor)
        ratios["times_fastapi_pipeline"].append(at_32["tamis"] / at_32["FastAPI + pipeline"])
        ratios["times_the_best_peer"].append(at_32["tamis"] / max(others))
        loads["bare engine, sorted, no server", 0].append(Load(floor, 0, 0))
    loads[f"tamis, open loop at {LOAD:.0%}", 0] = opened
    print_table(
        ["", "clients", "requests a second", "p50 ms", "p99 ms", "MiB"],
        [[name, count or "-", *_median(some), mib.get(name, "-")] for (name, count), some in loads.items()],
    )
    for name, values in ratios.items():
        print(f"{name}, round by round: {', '.join(f'{value:.4g}' for value in values)}")
    finish(
        "serve",
        ratios={name: statistics.median(values) for name, values in ratios.items()},
        targets={
            "share_of_bare_engine": ">= 0.85",
            "times_fastapi_pipeline": ">= 5",
            "times_the_best_peer": ">= 1",
            "p99_per_p50_at_70_percent": "<= 3",
            "one_client_ms_above_engine": "<= 1.5",
            "ready_seconds": "<= 2",
        },
    )


def _median(loads: Sequence[Load]) -> tuple[float, float, float]:
    each = zip(*((load.per_second, load.p50_ms, load.p99_ms) for load in loads), strict=True)
    per_second, p50, p99 = map(statistics.median, each)
    return per_second, p50, p99


def exported(made: Bundle, folder: Path, *, precision: str) -> Bundle:
    """Give a bundle the form that `tamis export` gives it, without the weights that only training needs."""
    shutil.copytree(made.path, folder)
    file = "model.onnx"
    if precision == "int8":
        file = "model.int8.onnx"
        write_int8(folder / "model.onnx", folder / file)
        (folder / "model.onnx").unlink()
    (folder / "model.safetensors").unlink()
    choice = EngineChoice(name="onnxruntime", file=file, precision=precision)
    return seal_bundle(folder, made.manifest.model_copy(update={"engine": choice}))


def write_script(folder: Path, rival: Rival, texts: Sequence[str]) -> Path:
    """Write what wrk sends."""
    bodies, script = folder / "bodies.jsonl", folder / "load.lua"
    bodies.write_text("".join(json.dumps(rival.body(text)) + "\n" for text in texts))
    script.write_text(LUA % bodies)
    return script


if __name__ == "__main__":
    main()
