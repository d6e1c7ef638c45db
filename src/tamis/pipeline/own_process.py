"""Own process: a step in a process that can be ended with all that it has started."""

from __future__ import annotations

import contextlib
import os
import pickle
import select
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import IO

from tamis.pipeline.call import Call, Failure, Outcome
from tamis.pipeline.telling import Tell, Telling

_POLL_SECONDS = 0.1
_GRACE_SECONDS = 3.0
"""Between the polite signal and the other one."""
_LENGTH = struct.Struct(">Q")
_STDERR = 2
"""What a step prints goes there: stdout may be for machines."""


def run_in_process(
    call: Call,
    *,
    path: Sequence[str],
    timeout_seconds: float | None,
    stopped: Callable[[], bool],
    say: Tell = lambda words, share: None,
) -> Outcome:
    """Return how a call ends in a process of its own; `say` hears meanwhile what it does.

    Modules are looked for in `path`. That process is ended, with its children, after the timeout and when `stopped`
    says so; and it ends by itself when this one is gone, even if this one was killed.
    """
    if call.uses.startswith("__main__:"):
        message = f"{call.uses} cannot run in a process of its own: put it in a module that can be imported"
        return Outcome(failure=Failure(message=message, exit_code=2, retry=False))
    receive, send = os.pipe()
    try:
        process = subprocess.Popen(
            # -P: no file of the folder in which one is hides a library
            [sys.executable, "-P", "-c", "from tamis.pipeline.own_process import main; main()", str(send)],
            stdin=subprocess.PIPE,
            stdout=_STDERR,
            pass_fds=[send],
            start_new_session=True,
        )
    finally:
        os.close(send)
    try:
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # it is gone already, as is seen soon
            _send(process.stdin, (list(path), pickle.dumps(call)))
        return _watch(process, receive, timeout_seconds, stopped, say)
    finally:
        os.close(receive)
        end_with_children(process)
        with contextlib.suppress(OSError):
            process.stdin.close()  # type: ignore[union-attr]


def _watch(
    process: subprocess.Popen[bytes],
    receive: int,
    timeout_seconds: float | None,
    stopped: Callable[[], bool],
    say: Tell,
) -> Outcome:
    until = time.monotonic() + timeout_seconds if timeout_seconds is not None else float("inf")
    received = b""
    while True:
        if stopped():
            return Outcome(failure=Failure(message="it was stopped", retry=False, stopped=True))
        left = until - time.monotonic()
        if left <= 0:
            return Outcome(failure=Failure(message=f"it took longer than its timeout, {timeout_seconds:g} s"))
        gone = process.poll() is not None
        if select.select([receive], [], [], min(_POLL_SECONDS, left))[0]:
            piece = os.read(receive, 1 << 16)
        elif gone:  # a child that it forked may hold the other end for long
            piece = b""
        else:
            continue
        received += piece
        while len(received) >= _LENGTH.size:
            end = _LENGTH.size + _LENGTH.unpack_from(received)[0]
            if len(received) < end:
                break
            told: Outcome | tuple[str, float | None] = pickle.loads(received[_LENGTH.size : end])
            received = received[end:]
            if isinstance(told, Outcome):
                with contextlib.suppress(subprocess.TimeoutExpired):  # it may have logs to close
                    process.wait(_GRACE_SECONDS)
                return told
            say(*told)
        if not piece:
            code = process.wait()
            ended = f"by the signal {signal.Signals(-code).name}" if code < 0 else f"with {code}"
            hint = "; most likely the memory was full" if code == -signal.SIGKILL else ""
            return Outcome(failure=Failure(message=f"its process ended {ended}{hint}"))


def end_with_children(process: subprocess.Popen[bytes]) -> None:
    """End a process that leads a session, and all in its group: politely, and then for good."""
    until = time.monotonic() + _GRACE_SECONDS
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
        while time.monotonic() < until and process.poll() is None:
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)  # children too that did not listen
    process.wait()


def main() -> None:
    """Run the call that comes in by stdin, and write its outcome to the file whose number is the first argument."""
    answer, turn = os.fdopen(int(sys.argv[1]), "wb"), threading.Lock()
    words = sys.stdin.buffer
    (length,) = _LENGTH.unpack(words.read(_LENGTH.size))
    sys.path[:], packed = pickle.loads(words.read(length))
    call: Call = pickle.loads(packed)
    threading.Thread(target=_end_with_parent, args=(os.getppid(),), name="tamis-parent", daemon=True).start()

    def say(words: str, share: float | None) -> None:
        with turn:
            _send(answer, (words, share))

    outcome = replace(call, context=replace(call.context, progress=Telling(say))).run()
    with turn:
        try:
            _send(answer, outcome)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            message = f"what it makes cannot be handed on: {error}"
            _send(answer, Outcome(failure=Failure(message=message, exit_code=2, retry=False)))


def _send(file: IO[bytes], it: object) -> None:
    content = pickle.dumps(it)
    file.write(_LENGTH.pack(len(content)) + content)
    file.flush()


def _end_with_parent(parent: int) -> None:
    """The other end of stdin is closed when the parent dies; a copy of it may live on in somebody whom it forked."""
    while os.getppid() == parent:
        if select.select([sys.stdin], [], [], 1.0)[0] and not os.read(0, 1):
            break
    os.killpg(0, signal.SIGKILL)
