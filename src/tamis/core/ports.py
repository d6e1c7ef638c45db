"""The ports: small protocols behind which outside systems stand. Each has a contract suite in tests/contracts.

Chapters name a port; `core.plugins.load("store", "s3")` finds who fills it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

if TYPE_CHECKING:
    import pyarrow as pa

In = TypeVar("In")
Out = TypeVar("Out")


class Executor(Protocol):
    """Runs picklable functions somewhere. Chapters hand over work and never learn who does it.

    It is made with `workers`, how many pieces are worked on at the same time (0: its own choice), and `tries`.
    A process that is killed changes nothing in the result: what it had not returned is done again. What has killed its
    process `tries` times ends in `WorkerLost`. So a function may be called more than once, and returns the same then.
    What a function raises comes through as it is.
    """

    def map_batches(self, fn: Callable[[In], Out], batches: Iterable[In]) -> Iterator[Out]:
        """Yield `fn(batch)` for each batch, in the order of the batches, holding only a few at a time."""
        ...

    def run_trials(self, fn: Callable[[In], Out], trials: Sequence[In]) -> list[Out]:
        """Return `fn(trial)` for independent trials, in their order."""
        ...

    def run_group(self, fn: Callable[[int, int], Out], workers: int) -> list[Out]:
        """Return `fn(rank, workers)` for workers that run at the same time and may talk to each other.

        Several find where they meet in the environment (`core.join_group`), each in a process of its own. When one of
        them raises, the others end; when one of them is killed, all begin again.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """One file of a Store."""

    uri: str
    bytes: int
    mark: str = field(default="", compare=False)
    """Another one when the content is another, as far as the store knows without reading it: a time, an ETag."""


class Store(Protocol):
    """Files by URI: `file:///…`, `s3://bucket/key`."""

    def list(self, uri: str) -> Iterator[StoredFile]:
        """Yield the file at `uri`, or every file below it, sorted by URI."""
        ...

    def read(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for streaming reads; FileNotFoundError when there is none."""
        ...

    def write(self, uri: str) -> AbstractContextManager[BinaryIO]:
        """Open a file for writing; it appears whole when the block ends well, else not at all."""
        ...

    def delete(self, uri: str) -> None:
        """Remove one file; nothing happens when there is none."""
        ...


class SqlEngine(Protocol):
    """Runs SQL over Parquet files: DuckDB on one machine, Spark on many, with equal numbers."""

    dialect: str  # sqlglot's name of the SQL it speaks

    def query(
        self, sql: str, tables: Mapping[str, Sequence[Path]], *, views: Mapping[str, str] | None = None
    ) -> pa.Table:
        """Return the rows of `sql`, where each name in `tables` stands for its Parquet files.

        `views` are further names, each for a SELECT over the tables, in this engine's dialect.
        """
        ...


class Tracker(Protocol):
    """Remembers runs: their parameters, metrics and artefacts.

    It is made with the folder of a workspace's state (`.tamis`), and knows runs by their names there.
    """

    def start(self, run: str, *, parameters: Mapping[str, object]) -> None:
        """Open a run, or go on with one of that name. Parameters may be nested."""
        ...

    def log(self, run: str, metrics: Mapping[str, float], *, step: int) -> None:
        """Add numbers to an open run; what is no finite number is left out."""
        ...

    def attach(self, run: str, path: Path) -> None:
        """Keep a file or folder with the run; a bundle is kept as a model where the system knows models."""
        ...

    def finish(self, run: str, *, status: str) -> None:
        """Close a run that is `finished`, `failed` or `stopped`; nothing of it is in memory any more."""
        ...


class Host(Protocol):
    """A place where bundles answer questions, each under a name. What it refuses is a TamisError that says why."""

    def deploy(self, bundle: str, *, name: str) -> None:
        """Put a bundle live under a name; when it returns the bundle answers, and when it fails nothing has changed.

        What is live already stays as it is, so a deployment may be repeated.
        """
        ...

    def state(self, name: str) -> Mapping[str, object]:
        """Tell what is live under a name: `versions`, each a mapping with its `version`, its `run` and its `share`."""
        ...

    def roll_back(self, name: str) -> None:
        """Put the bundle before this one live again."""
        ...


@dataclass(frozen=True, kw_only=True)
class ShownVersion:
    """One version of a model, as a mirror is to show it."""

    number: int
    """From 1, without gaps."""
    seal: str
    """Of the bundle: the same seal, the same bytes."""
    bundle: Path | None
    """Its folder; None when it is no longer kept."""
    run: str
    """The name of the run that made it."""
    description: str
    tags: Mapping[str, str]
    """Status, who decided what and why, and where it comes from."""


@dataclass(frozen=True, kw_only=True)
class ShownModel:
    """A model of the registry, as a mirror is to show it."""

    name: str
    versions: Sequence[ShownVersion]
    """All that ever were, in their order."""
    aliases: Mapping[str, int]
    tags: Mapping[str, str]


class RegistryMirror(Protocol):
    """Another system that shows what the registry says. It is made with the folder of a workspace's state."""

    def show(self, models: Sequence[ShownModel]) -> None:
        """Bring what is shown of these models to what they are now, whatever it was before.

        It may be called at any time and any number of times, by several processes at once, and after a call that was
        killed; where all is right already nothing is written. What it cannot do is a TamisError that says why.
        """
        ...


class EventLog(Protocol):
    """An append-only log with a reader. It is made with the address of the log, and opens it when it is first used."""

    def append(self, events: Sequence[Mapping[str, object]]) -> None:
        """Store events, all or none; when it returns they survive the death of this process, whatever its cause.

        OSError when they cannot be stored now, DataError when what is there is no log; a later call may do better.
        Storing no events opens the log, and so finds out whether it can be used.
        """
        ...

    def sync(self) -> None:
        """Return when all that was appended survives a power cut, too; OSError when that cannot be had."""
        ...

    def read(self, *, after: int = 0) -> Iterator[tuple[int, Mapping[str, object]]]:
        """Yield (number, event) in order, from the first one past `after`; nothing where there is no log yet."""
        ...

    def close(self) -> None:
        """Let go of what is open; a later call opens it again."""
        ...


class Ledger(Protocol):
    """Lines that are only ever added. It is made with the address of the ledger, and opens it when it is first used."""

    def read(self, *, after: int = 0) -> Sequence[str]:
        """Return the lines past the first `after` ones, in order; none where there is no ledger yet."""
        ...

    def append(self, make: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Append what `make` returns for all lines that are there; nobody else appends in between.

        All or none, on the disk when it returns; what `make` raises comes through, and nothing is appended.
        """
        ...

    def close(self) -> None:
        """Let go of what is open; a later call opens it again."""
        ...
