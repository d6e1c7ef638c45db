"""The container: what its files promise, and its steps done in a clean environment, for there may be no engine here."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import pwd
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from tamis.models import Bundle

ROOT = Path(__file__).resolve().parents[2]
SERVER_HAS_NO = ("torch", "transformers", "sklearn", "scipy", "pandas")
Stage = list[tuple[str, str]]


def stages() -> dict[str, Stage]:
    """Return the instructions of the Dockerfile, by the names of its stages."""
    text = re.sub(r"^\s*#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE)
    found: dict[str, Stage] = {"": []}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        if not line.strip():
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found[rest.partition(" AS ")[2]] = []
        found[list(found)[-1]].append((word, rest.strip()))
    return found


def of(stage: Stage, word: str) -> list[str]:
    return [rest for name, rest in stage if name == word]


def in_context(path: str) -> bool:
    """Whether .dockerignore lets a file through, by the last of its lines that fits, as Docker does."""
    through = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!")
        if pattern.startswith("#") or not pattern:
            continue
        parts = [path, *(str(parent) for parent in Path(path).parents)]
        if any(fnmatch(part, pattern) or fnmatch(f"/{part}", pattern.replace("**", "*")) for part in parts):
            through = line.startswith("!")
    return through


def test_a_linter_has_nothing_to_say():
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("no linter for Dockerfiles here: pip install 'tamis[dev]'")
    done = subprocess.run([hadolint, ROOT / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_the_default_image_is_the_server():
    found = stages()
    assert list(found)[-1] == "serve", "what `docker build .` makes is the last stage"
    assert of(found["build"], "ARG")[0] == "EXTRAS=serve"
    assert of(found["base"], "ENTRYPOINT") == ['["tamis"]']
    assert ast.literal_eval(of(found["serve"], "CMD")[0]) == ["serve", "/model"]


@pytest.mark.parametrize("stage", ["serve", "pipeline"])
def test_nobody_in_particular_runs_it(stage):
    user = of(stages()[stage], "USER")
    assert user == ["10001:10001"], "a number, so that Kubernetes can tell that it is not root"


def test_what_builds_is_not_in_the_images():
    found = stages()
    for stage in ("serve", "pipeline"):
        assert not of(found[stage], "RUN")
        assert all("--from=build" in copied for copied in of(found[stage], "COPY"))
    assert not of(found["base"], "COPY")
    assert "pip uninstall --yes pip" in of(found["base"], "RUN")[0]
    every = " ".join(rest for stage in found.values() for word, rest in stage if word == "RUN")
    assert not re.search(r"\b(apt-get|curl|gcc|build-essential|git)\b", every)


def test_the_health_check_asks_with_python():
    check = of(stages()["serve"], "HEALTHCHECK")[0]
    command = json.loads(check.partition("CMD ")[2])
    assert command[0] == "python"
    assert "/readyz" in command[-1]
    compile(command[-1], "HEALTHCHECK", "exec")


def test_only_what_is_built_from_goes_into_the_context():
    for copied in of(stages()["build"], "COPY"):
        for name in copied.split()[:-1]:
            assert in_context(name), name
    assert in_context("src/tamis/serve/app.py")
    for name in (".git/config", ".venv/bin/python", "tests/conftest.py", ".env", "src/tamis/__pycache__/a.pyc"):
        assert not in_context(name), name


def test_compose_starts_the_server_its_pages_and_its_numbers():
    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    services = compose["services"]
    assert set(services) == {"serve", "mlflow", "prometheus"}
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert all(port.startswith("127.0.0.1:") for port in service["ports"]), "only this machine reaches them"
        if "build" in service:
            assert service["build"]["target"] in stages()
            assert service["tmpfs"] == ["/tmp"]
        else:
            assert re.fullmatch(r".+:v\d+\.\d+\.\d+", service["image"]), "an image by its version"
    own = (ROOT / services["prometheus"]["volumes"][0].partition(":")[0]).read_text()
    (job,) = yaml.safe_load(own)["scrape_configs"]
    host, port = job["static_configs"][0]["targets"][0].split(":")
    assert host in services
    assert services[host]["ports"][0].endswith(f":{port}")
    assert job.get("metrics_path", "/metrics") == "/metrics"


def test_the_server_is_given_time_to_end():
    from tamis.serve import ServeSettings

    compose = yaml.safe_load((ROOT / "compose.yaml").read_text())
    assert int(compose["services"]["serve"]["stop_grace_period"][:-1]) > ServeSettings().drain_seconds


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A folder that every user may look into."""
    with tempfile.TemporaryDirectory(prefix="tamis-image-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


def nobody() -> dict[str, Any]:
    """How to run a command as somebody who owns nothing; only root can."""
    if os.geteuid():
        return {}
    user = pwd.getpwnam("nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def python() -> str:
    """A Python that nobody may start, too."""
    for name in (sys.executable, "/usr/bin/python3", "/usr/local/bin/python3"):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            told = subprocess.run(
                [os.path.realpath(name), "-c", "import sys, venv; print(*sys.version_info[:2])"],
                check=True, capture_output=True, text=True, cwd="/", **nobody(),
            )  # fmt: skip
            if tuple(map(int, told.stdout.split())) >= (3, 11):
                return os.path.realpath(name)
    pytest.skip("no Python here that the user `nobody` may start")


@pytest.fixture(scope="module")
def built(place: Path) -> Path:
    """The environment that the stage `build` makes: its own RUN and COPY lines, with other places for its folders."""
    if not os.environ.get("TAMIS_TEST_IMAGE"):
        pytest.skip("installs some 700 MB; `make container` asks for it")
    build, target = place / "build", place / "opt" / "tamis"
    build.mkdir()
    target.parent.mkdir()
    arguments = dict(each.split("=", 1) for each in of(stages()["build"], "ARG") if "=" in each)
    for word, rest in stages()["build"]:
        if word == "COPY":
            *sources, end = rest.split()
            for source in sources:
                if (ROOT / source).is_dir():
                    leave = shutil.ignore_patterns("__pycache__")
                    shutil.copytree(ROOT / source, build / end, dirs_exist_ok=True, ignore=leave)
                else:
                    shutil.copy(ROOT / source, build / end)
        elif word == "RUN":
            command = rest.replace("/opt/tamis", str(target))
            command = command.replace("python -m venv", f"{python()} -m venv --copies")
            command = command.replace("python -m pip", f"{sys.executable} -m pip --quiet")
            subprocess.run(["bash", "-euc", command], check=True, cwd=build, env={**os.environ, **arguments})
    for path in [build, *build.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    return target


@pytest.fixture(params=["linear", "encoder"])
def model(
    request: pytest.FixtureRequest,
    make_linear: Callable[..., Bundle],
    tiny_model: Callable[..., Path],
    seal: Callable[..., Bundle],
    tmp_path: Path,
) -> Bundle:
    """A tiny linear model, and a tiny encoder that ONNX Runtime runs."""
    if request.param == "linear":
        return make_linear()
    from tamis.export import write_onnx
    from tamis.models import EngineChoice

    folder = shutil.copytree(tiny_model(), tmp_path / "model")
    write_onnx(folder, folder / "model.onnx")
    engine = EngineChoice(name="onnxruntime", file="model.onnx")
    return seal(folder, labels=("bad", "good", "odd"), engine=engine)


@pytest.mark.slow
def test_the_server_has_what_it_needs_and_nothing_more(built, capsys):
    python = str(built / "bin" / "python")
    told = "import importlib.util, sys; print([n for n in sys.argv[1:] if importlib.util.find_spec(n)])"
    done = subprocess.run([python, "-c", told, *SERVER_HAS_NO, "pip"], check=True, capture_output=True, text=True)
    assert ast.literal_eval(done.stdout) == []
    size = sum(file.stat().st_size for file in built.rglob("*") if file.is_file()) / 2**20
    with capsys.disabled():
        sys.stdout.write(f" the server's environment: {size:.0f} MB ")
    assert size < 900


@pytest.mark.slow
def test_the_server_answers_as_somebody_else(built, place, model):
    family = model.manifest.family
    folder, state = place / family, place / f"{family}-work"
    shutil.copytree(model.path, folder)
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    (state / ".tamis").mkdir(parents=True)
    (state / "tamis.yaml").write_text("serve: {host: 127.0.0.1}\n")
    (state / ".tamis").chmod(0o777)
    environment = {
        "PATH": f"{built}/bin:/usr/bin:/bin",
        "HOME": "/tmp",
        "TAMIS_WORKSPACE": str(state),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONPROFILEIMPORTTIME": "1",
    }
    log = place / f"{family}.log"
    with log.open("w") as errors:
        server = subprocess.Popen(
            [built / "bin" / "tamis", "serve", folder, "--port", "0"],
            env=environment, cwd=state, stdout=subprocess.PIPE, stderr=errors, text=True, **nobody(),
        )  # fmt: skip
    assert server.stdout is not None
    try:
        address = server.stdout.readline().split()[-1:]
        assert address, log.read_text()[-3000:]
        asked = json.dumps({"text": "a good film"}).encode()
        request = urllib.request.Request(f"{address[0]}/predict", asked, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            said = json.load(answer)
        check = json.loads(of(stages()["serve"], "HEALTHCHECK")[0].partition("CMD ")[2])
        check[-1] = check[-1].replace("http://127.0.0.1:8080", address[0])
        subprocess.run(check, check=True, env=environment)
    finally:
        server.terminate()
        assert server.wait(30) == 0
        server.stdout.close()
    assert said["predictions"][0]["label"] in ("bad", "good", "odd", None), said
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in log.read_text().splitlines()}
    assert "tamis" in imported
    assert not imported & set(SERVER_HAS_NO)
