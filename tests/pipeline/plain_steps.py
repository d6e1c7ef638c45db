"""Steps for tests: they count, fail, sleep and write down when they ran."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from tamis.core import CheckFailed, DataError, UsageError, fingerprint_file
from tamis.pipeline import Artefact, Context, step


def note(context: Context, word: str) -> None:
    """Write a word where the test can read it: one file for all, a word a line."""
    with (context.workspace.root / "notes.txt").open("a") as file:
        file.write(f"{word}\n")


def written(context: Context, name: str, content: str) -> Artefact:
    path = context.workspace.root / name
    path.write_text(content)
    return Artefact(kind="file", ref=name, fingerprint=fingerprint_file(path))


@step(outputs=("file", "length"))
def write(context: Context, text: str = "a", name: str = "written.txt") -> dict[str, Any]:
    note(context, f"write {text}")
    with context.progress.track("writing", total=2, unit="letters") as advance:
        time.sleep(1.1 * ("slowly" in text))  # not told more often than once a second
        advance(1)
    return {"file": written(context, name, text), "length": len(text)}


@step(outputs=("file", "score"))
def learn(
    context: Context,
    file: Artefact,
    epochs: Annotated[int, Field(ge=1, le=100)] = 3,
    family: str = "linear",
    seed: int = 1,
) -> dict[str, Any]:
    note(context, f"learn {family} {seed} {epochs}")
    made = written(context, f"{family}-{seed}.txt", f"{file.fingerprint} {family} {seed} {epochs}")
    return {"file": made, "score": {"linear": 0.7, "encoder": 0.8}.get(family, 0.1) + seed / 100}


@step(outputs=("file",))
def judge(context: Context, file: Artefact, hint: Artefact | None = None) -> dict[str, Any]:
    note(context, f"judge {file.ref} {hint.ref if hint else 'no hint'}")
    return {"file": written(context, f"judged-{file.ref}", file.fingerprint)}


@step(outputs=("count", "names"))
def gather(context: Context, files: list[Artefact]) -> dict[str, Any]:
    return {"count": len(files), "names": [each.ref for each in files]}


@step(outputs=("count",))
def gather_some(context: Context, files: list[Artefact] = ()) -> dict[str, Any]:  # type: ignore[assignment]
    return {"count": len(files)}


@step(outputs=("said",))
def say(context: Context, what: Any = "nothing") -> dict[str, Any]:
    note(context, f"say {what}")
    return {"said": what}


@step(outputs=("said",), reads=lambda workspace, arguments: None)
def listen(context: Context) -> dict[str, Any]:
    """Say what nobody can know before."""
    return {"said": time.time_ns()}


@step(outputs=("epochs",))
def settings(context: Context) -> dict[str, Any]:
    from tamis.train import TrainSettings

    return {"epochs": context.workspace.config.of(TrainSettings).epochs}


@step(outputs=())
def nothing(context: Context, number: int = 0, after: list[Artefact] = ()) -> dict[str, Any]:  # type: ignore[assignment]
    return {}


@step(outputs=("tries",))
def fail_at_first(context: Context, times: int = 2, how: str = "data") -> dict[str, Any]:
    note(context, "try")
    tries = (context.workspace.root / "notes.txt").read_text().count("try")
    if tries <= times:
        raise {"data": DataError, "usage": UsageError, "check": CheckFailed, "odd": ZeroDivisionError}[how]("not yet")
    return {"tries": tries}


@step(outputs=())
def sleep(context: Context, seconds: float, word: str = "slept") -> dict[str, Any]:
    note(context, f"{word} begins")
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.01)
    note(context, word)
    return {}


@step(outputs=())
def sleep_with_child(context: Context, seconds: float) -> dict[str, Any]:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    child = subprocess.Popen([sys.executable, "-c", f"{deaf}; import time; time.sleep({seconds})"])
    time.sleep(0.3)
    note(context, f"child {child.pid}")
    time.sleep(seconds)
    return {}


@step(outputs=("a",))
def forget(context: Context) -> dict[str, Any]:
    return {"b": 1}


@step(outputs=("a",))
def odd_number(context: Context) -> dict[str, Any]:
    return {"a": {"sums": [np.int64(3)]}}


@step(outputs=())
def die_with_a_child_left(context: Context) -> dict[str, Any]:
    """End as the system ends what takes too much memory; a forked child has all that was open."""
    if os.fork() == 0:
        time.sleep(20)
        os._exit(0)
    os.kill(os.getpid(), signal.SIGKILL)
    return {}


@step(outputs=())
def interrupt_itself(context: Context) -> dict[str, Any]:
    raise KeyboardInterrupt


def no_step(context: Context) -> dict[str, Any]:
    return {}
