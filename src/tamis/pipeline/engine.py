"""Engine: runs a graph's steps, several at once, each when what it needs is done, and writes down all that happens."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from tamis.core import DataError, Executor, TamisError, UsageError, Workspace, write_atomic
from tamis.pipeline.attempts import Ended, Retried, Said, attempt
from tamis.pipeline.call import Call, Failure
from tamis.pipeline.cancel import cancel_flag
from tamis.pipeline.check import FAILURE_WORDS
from tamis.pipeline.config import PipelineSettings
from tamis.pipeline.ctrl_c import pressed
from tamis.pipeline.graph import Graph
from tamis.pipeline.keys import StepKey, step_key
from tamis.pipeline.kinds import Context
from tamis.pipeline.last import last_made, still_there
from tamis.pipeline.own_code import importable
from tamis.pipeline.perform import interrupt, performing
from tamis.pipeline.plan import Instance, named, plan
from tamis.pipeline.resolve import DONE, Resolved, Settled, resolve
from tamis.pipeline.reuse import NOBODY_KNOWS, read_outputs, write_outputs
from tamis.pipeline.state import Event, Happening, RunState, StepState
from tamis.pipeline.store import RunStore
from tamis.pipeline.telling import Telling

_POLL_SECONDS = 0.2
_GRACE_SECONDS = 15.0
"""So long a step that is told to stop may take to do so; a training writes its checkpoint."""


def run_graph(
    workspace: Workspace,
    graph: Graph,
    given: Mapping[str, Any],
    *,
    store: RunStore,
    executor: Executor | None = None,
    force: Collection[str] = (),
    only: Collection[str] = (),
    on_event: Callable[[Event], object] = lambda event: None,
) -> RunState:
    """Return where a run stands when all its steps are over, or when one failed, or it was cancelled.

    What did not change since it last ran is not run again, unless `force` names it. `only` names steps to be run alone:
    what they use must be there from before. The same call with the same store goes on with a run that was ended, and
    what was forced or alone then is so now.
    A step that fails is told in the state; what raises is a graph that is wrong, and KeyboardInterrupt, after which
    the run can be resumed. With an executor each step runs where that takes it, else in a thread of this process.
    """
    for folder in store.own_code:
        importable(folder)
    instances = plan(graph, given)
    forced, alone = named(instances, force), named(instances, only)
    with store.hold(), contextlib.closing(store), pressed() as ctrl_c:
        cancel_flag(store.path).unlink(missing_ok=True)
        store.plan_is([each.name for each in instances], force=forced, only=alone)
        done = {name for name, step in store.state().steps.items() if step.status in DONE}
        forced |= frozenset(store.record.force) - done
        alone = frozenset(store.record.only)
        needed = _with_needs(instances, alone) if alone else {each.name for each in instances}
        run = _Run(
            workspace=workspace,
            store=store,
            ctrl_c=ctrl_c,
            executor=executor,
            forced=forced,
            barred=frozenset(needed - alone) if alone else frozenset(),
            handlers=frozenset(each.on_failure for each in graph.steps) - set(FAILURE_WORDS),
            on_event=on_event,
            waiting={each.name: each for each in instances if each.name in needed},
        )
        run.run()
        return store.state()


def _with_needs(instances: Sequence[Instance], names: Collection[str]) -> set[str]:
    needed = set(names)
    for each in reversed(instances):
        if each.name in needed:
            needed.update(each.needs)
    return needed


@dataclass(frozen=True, kw_only=True)
class _Ready:
    """A step that may start."""

    instance: Instance
    resolved: Resolved
    key: StepKey
    why: str


@dataclass(kw_only=True)
class _Run:
    """A run under way. Only the thread that calls `run` touches it; steps tell what happens through `told`."""

    workspace: Workspace
    store: RunStore
    ctrl_c: threading.Event
    executor: Executor | None
    forced: Collection[str]
    barred: Collection[str]
    """What may be used again but not run."""
    handlers: Collection[str]
    """Steps that run only when one that names them in `on_failure` fails."""
    on_event: Callable[[Event], object]
    waiting: dict[str, Instance]
    settled: dict[str, Settled] = field(default_factory=dict)
    ready: dict[str, _Ready] = field(default_factory=dict)
    running: dict[str, tuple[_Ready, threading.Thread]] = field(default_factory=dict)
    called: set[str] = field(default_factory=set)
    """The handlers that are to run."""
    let_go: list[str] = field(default_factory=list)
    """What failed and was not to stop the run."""
    fatal: list[tuple[str, Failure]] = field(default_factory=list)
    """What failed and stops it: nothing new begins but its handler."""
    told: queue.SimpleQueue[Ended | Retried | Said] = field(default_factory=queue.SimpleQueue)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Run all there is to run."""
        parallel = self.workspace.config.of(PipelineSettings).parallel_steps
        earlier = self.store.state().steps
        self._note("started")
        try:
            while not self._cancelled():
                if self.ctrl_c.is_set():
                    raise KeyboardInterrupt
                while self._settle_one(earlier):
                    pass
                while self.ready and len(self.running) < parallel:
                    self._start(self.ready.pop(next(iter(self.ready))))
                if not self.running:
                    self._conclude()
                    return
                with contextlib.suppress(queue.Empty):
                    self._hear(self.told.get(timeout=_POLL_SECONDS))
            self._end_running()
            self._note("cancelled", why="it was asked to stop")
        except KeyboardInterrupt:
            self._end_running()
            self._note("cancelled", why="it was interrupted from the keyboard")
            raise
        except BaseException as error:
            self._tell_to_stop()
            with contextlib.suppress(Exception):  # the disk may be full
                code = error.exit_code if isinstance(error, TamisError) else TamisError.exit_code
                self._note("failed", why=str(error), exit_code=code)
            raise

    def _conclude(self) -> None:
        if self.fatal:
            why = "; ".join(f"{name} failed: {failure.message}" for name, failure in self.fatal)
            self._note("failed", why=why, exit_code=self.fatal[0][1].exit_code)
        else:
            self._note("finished", why=f"failed and let go: {', '.join(self.let_go)}" if self.let_go else "")

    # what becomes of steps that wait

    def _settle_one(self, earlier: Mapping[str, StepState]) -> bool:
        """Take one step whose needs are over out of those that wait; False when there is none."""
        for name, instance in self.waiting.items():
            handler = instance.step.name in self.handlers
            if handler:
                may = instance.step.name in self.called and not any(each in self.running for each in instance.needs)
            else:
                may = not self.fatal and all(each in self.settled for each in instance.needs)
            if may:
                del self.waiting[name]
                self._settle(instance, earlier, handler=handler)
                return True
        idle = not self.running and not self.ready and not self.fatal
        for name, instance in self.waiting.items() if idle else ():
            if instance.step.name in self.handlers:  # its hour did not come
                del self.waiting[name]
                self._skip(instance, "nothing failed that it stands by for")
                return True
        return False

    def _settle(self, instance: Instance, earlier: Mapping[str, StepState], *, handler: bool) -> None:
        """Skip a step, take what it made before, or let it start."""
        try:
            resolved = resolve(instance, self.settled)
            if resolved.skip:
                self._skip(instance, resolved.skip)
                return
            key = self._key(instance, resolved)
            outputs, why = self._made_before(instance, key, earlier, handler=handler)
            if outputs is None and instance.name in self.barred:
                if (last := last_made(self.workspace, self.store.graph.name, instance.name)) is None:
                    raise UsageError(f"it must run first: {why}", hint=f"add it: --only {instance.step.name}")
                outputs, why = last[1], f"as {last[0]} left it, for it is not to run now"
        except TamisError as error:
            self._fail(instance, Failure(message=str(error), exit_code=error.exit_code, retry=False))
            return
        if outputs is not None:
            self.settled[instance.name] = Settled(status="cached", outputs=outputs)
            self._note("cached", instance.name, why=why, key=key.fingerprint, outputs=write_outputs(outputs))
        else:
            self.ready[instance.name] = _Ready(instance=instance, resolved=resolved, key=key, why=why)

    def _made_before(
        self, instance: Instance, key: StepKey, earlier: Mapping[str, StepState], *, handler: bool
    ) -> tuple[Mapping[str, Any] | None, str]:
        """What a step made under this key, or None, and why."""
        if instance.name in self.forced:
            return None, "it was asked to run anew"
        if handler:
            return None, f"it stands by for a failure of {', '.join(name for name, _ in self.fatal)}"
        if instance.step.cache and key.fingerprint:
            found = self.store.reuse(instance.name, key, expires_hours=instance.step.expires_hours)
            return found.outputs, found.why
        if (outputs := self._done_here(instance, key, earlier)) is not None:
            return outputs, "it was done before this run was gone on with"
        return None, NOBODY_KNOWS if instance.step.cache else "it runs every time"

    def _done_here(
        self, instance: Instance, key: StepKey, earlier: Mapping[str, StepState]
    ) -> Mapping[str, Any] | None:
        """What a step made in this very run before it was gone on with; once is enough."""
        before = earlier.get(instance.name)
        if before is None or before.key != key.fingerprint:
            return None
        # without a key nothing is known but that what it uses is what it was
        same = bool(key.fingerprint) or all(self.settled[each].status == "cached" for each in instance.needs)
        return still_there(self.workspace, before) if same else None

    def _skip(self, instance: Instance, why: str) -> None:
        self.settled[instance.name] = Settled(status="skipped")
        self._note("skipped", instance.name, why=why)

    # steps that run

    def _start(self, ready: _Ready) -> None:
        instance = ready.instance
        say = partial(self._say, instance.name)
        call = Call(
            uses=instance.step.uses,
            context=Context(self.workspace, Telling(say), self.store.name),
            inputs=ready.resolved.inputs,
            parameters={name: ready.resolved.parameters[name] for name in instance.given},
        )
        perform = performing(
            call,
            executor=self.executor,
            timeout_seconds=instance.step.timeout_seconds,
            flag=cancel_flag(self.store.path),
            stop=self.stop,
            say=say,
        )
        thread = threading.Thread(
            target=attempt,
            args=(instance.name, instance.step, perform),
            kwargs={"stop": self.stop, "tell": self.told},
            name=f"tamis-step-{instance.name}",
            daemon=True,  # the program need not wait for a step that does not listen
        )
        self._note("started", instance.name, why=ready.why, key=ready.key.fingerprint)
        self.running[instance.name] = (ready, thread)
        thread.start()

    def _say(self, name: str, words: str, share: float | None) -> None:
        """Pass on what a step does; it is called in the step's thread."""
        self.told.put(Said(name=name, words=words, share=share))

    def _hear(self, told: Ended | Retried | Said) -> None:
        if isinstance(told, Said):
            if told.name in self.running:
                self._note("progress", told.name, why=told.words, share=told.share)
            return
        ready, thread = self.running[told.name]
        key = ready.key.fingerprint
        if isinstance(told, Retried):
            self._note("retried", told.name, why=told.why, key=key, attempt=told.attempt)
            return
        thread.join()
        del self.running[told.name]
        failure, outputs = told.outcome.failure, told.outcome.outputs
        if failure is None:
            try:
                if self._read_the_same(ready):
                    self.store.keep(told.name, ready.key, outputs, seconds=told.seconds)
            except DataError as error:  # what it says that it made is not there
                failure = Failure(message=str(error), retry=False)
        if failure is None:
            written = write_outputs(outputs)
            # who comes after sees the same whether it ran now or before
            self.settled[told.name] = Settled(status="finished", outputs=read_outputs(written))
            self._note(
                "finished",
                told.name,
                why=ready.why,
                key=key,
                outputs=written,
                seconds=told.seconds,
                attempt=told.attempt,
            )
        elif failure.stopped:
            self._note("cancelled", told.name, why=failure.message, key=key, seconds=told.seconds, attempt=told.attempt)
            if not self.stop.is_set() and not self._cancelled():  # nobody asked it to
                raise KeyboardInterrupt
        else:
            self._fail(ready.instance, failure, key=key, seconds=told.seconds, attempt=told.attempt)

    def _read_the_same(self, ready: _Ready) -> bool:
        """Whether what a step reads is still what its key says; else nobody knows what it read."""
        if ready.instance.kind.reads is None:
            return True
        try:
            return self._key(ready.instance, ready.resolved) == ready.key
        except (TamisError, OSError):
            return False

    def _key(self, instance: Instance, resolved: Resolved) -> StepKey:
        return step_key(
            self.workspace,
            instance.step.uses,
            instance.kind,
            inputs=resolved.inputs,
            parameters=resolved.parameters,
        )

    def _fail(
        self, instance: Instance, failure: Failure, *, key: str = "", seconds: float = 0.0, attempt: int = 1
    ) -> None:
        self.settled[instance.name] = Settled(status="failed")
        why = failure.message
        if failure.trace:
            trace = self.store.path / "traces" / f"{instance.name.replace('/', '_')[:200]}.txt"
            write_atomic(trace, failure.trace)
            why = f"{why}\n  where it came from: {trace.relative_to(self.workspace.root)}"
        self._note(
            "failed",
            instance.name,
            why=why,
            key=key,
            seconds=seconds,
            attempt=attempt,
            exit_code=failure.exit_code,
        )
        if instance.step.on_failure == "continue":
            self.let_go.append(instance.name)
            return
        self.fatal.append((instance.name, failure))
        self.ready = {name: each for name, each in self.ready.items() if each.instance.step.name in self.handlers}
        if instance.step.on_failure in self.handlers:
            self.called.add(instance.step.on_failure)

    # the end before the end

    def _cancelled(self) -> bool:
        return cancel_flag(self.store.path).exists()

    def _tell_to_stop(self) -> None:
        """Ask every step that runs to stop; those that run elsewhere see the flag."""
        self.stop.set()
        with contextlib.suppress(OSError):
            cancel_flag(self.store.path).touch()
        for ready, thread in self.running.values():
            if self.executor is None and ready.instance.step.timeout_seconds is None:
                interrupt(thread)

    def _end_running(self) -> None:
        self._tell_to_stop()
        until = time.monotonic() + _GRACE_SECONDS
        while any(thread.is_alive() for _, thread in self.running.values()) and time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                self._hear(self.told.get(timeout=_POLL_SECONDS))
        while not self.told.empty():
            self._hear(self.told.get())
        for name, (ready, _) in self.running.items():
            self._note("cancelled", name, why="it was told to stop and did not listen", key=ready.key.fingerprint)

    def _note(
        self,
        what: Happening,
        step: str = "",
        *,
        why: str = "",
        key: str = "",
        outputs: Mapping[str, Any] | None = None,
        seconds: float = 0.0,
        attempt: int = 1,
        share: float | None = None,
        exit_code: int = 0,
    ) -> None:
        event = Event(
            at=datetime.now(UTC),
            step=step,
            what=what,
            why=why,
            key=key,
            outputs=dict(outputs or {}),
            seconds=round(seconds, 3),
            attempt=attempt,
            share=share,
            exit_code=exit_code,
        )
        self.on_event(self.store.append(event))
