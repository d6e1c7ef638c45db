"""Parts: what was predicted so far, beside the file that it will become; a killed run goes on from there."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from tamis.core import UsageError, atomic_file, write_atomic
from tamis.data import Reject

_PLAN = "plan.json"
_KEY = b"tamis"


@dataclass(frozen=True)
class Part:
    """One file of predictions, and the windows of the source that it holds."""

    path: Path
    windows: int
    rows: int
    digest: str
    """Of the windows' own digests: the very rows that were predicted."""
    reasons: dict[str, int]
    rejects: tuple[Reject, ...]

    def table(self) -> pa.Table:
        """Return the predictions."""
        import pyarrow.parquet as pq

        return pq.read_table(self.path, partitioning=None).replace_schema_metadata()


class Parts:
    """A folder of parts that belong to one plan: this input, this model, these columns."""

    def __init__(self, target: Path) -> None:
        self.folder = target.with_name(f".{target.name}.parts")

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes away; a killed one holds nothing."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as lock:
            try:
                import fcntl
            except ModuleNotFoundError:  # no such locks on Windows
                yield
                return
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UsageError(
                    f"another tamis predict is writing {self.folder.name.removeprefix('.').removesuffix('.parts')}",
                    hint="wait for it, or name another file with -o",
                ) from None
            yield

    def begin(self, plan: dict[str, Any]) -> list[Part]:
        """Return the parts that an earlier run of the same plan left; those of another plan are removed."""
        before = None
        with contextlib.suppress(FileNotFoundError, ValueError):
            before = json.loads((self.folder / _PLAN).read_bytes())
        if before == json.loads(json.dumps(plan)):
            return list(self._found())
        self.clear()
        write_atomic(self.folder / _PLAN, json.dumps(plan, indent=2) + "\n")
        return []

    def clear(self) -> None:
        """Remove all parts; the plan stays."""
        for path in self.folder.glob("part-*.parquet"):
            path.unlink()

    def add(
        self,
        number: int,
        table: pa.Table,
        *,
        windows: int,
        digest: str,
        reasons: dict[str, int],
        rejects: Sequence[Reject],
    ) -> Part:
        """Write a part, whole or not at all."""
        import pyarrow.parquet as pq

        path = self.folder / f"part-{number:06d}.parquet"
        told = {"windows": windows, "rows": len(table), "digest": digest, "reasons": reasons}
        kept = json.dumps(told | {"rejects": [asdict(reject) for reject in rejects]})
        with atomic_file(path) as file:
            pq.write_table(table.replace_schema_metadata({_KEY: kept}), file, compression="lz4")
        return Part(path, windows, len(table), digest, reasons, tuple(rejects))

    def remove(self) -> None:
        """Remove the folder: the file is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _found(self) -> Iterator[Part]:
        """Yield the parts in order, up to the first gap."""
        import pyarrow.parquet as pq

        number = 0
        while (path := self.folder / f"part-{number:06d}.parquet").is_file():
            told = json.loads(pq.read_schema(path).metadata[_KEY])
            rejects = tuple(Reject(**reject) for reject in told.pop("rejects"))
            yield Part(path=path, rejects=rejects, **told)
            number += 1
