"""BatchJob: what is to be predicted, by which model, and where the predictions go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from tamis.core import UsageError
from tamis.predict.classifier import Classifier


@dataclass(frozen=True, kw_only=True)
class BatchJob:
    """All that a worker must know, in this process or in another."""

    source: str
    """What can be imported: files, folders, patterns, addresses."""
    target: str
    """A folder, here or at an address such as s3://bucket/predictions."""
    bundle: Path
    shard_rows: int = 50_000
    """A shard has so many rows at most."""
    text: tuple[str, ...] = ()
    id_column: str | None = None
    keep: tuple[str, ...] = ()
    scores: bool = False
    """Whether each score is a column of its own."""
    kind: str | None = None
    engine: str = "auto"
    device: str = "auto"
    threads: int = 0
    batch_tokens: int = 0
    cache: Path | None = None

    def __post_init__(self) -> None:
        if self.shard_rows < 1:
            raise UsageError(f"a shard has at least one row, not {self.shard_rows}")
        if _inside(self.target, self.source):
            raise UsageError(
                f"{self.target} lies in {self.source}: the predictions would be read as texts the next time",
                hint="name a folder outside of it with -o",
            )

    def classifier(self) -> Classifier:
        """Return the model, opened once in each process."""
        return _classifier(self.bundle, self.engine, self.threads, self.batch_tokens, self.device)


@lru_cache(maxsize=1)
def _classifier(bundle: Path, engine: str, threads: int, batch_tokens: int, device: str) -> Classifier:
    return Classifier.open(bundle, engine=engine, threads=threads, batch_tokens=batch_tokens, device=device)


def _inside(target: str, source: str) -> bool:
    if "://" in source or "://" in target:
        return f"{target.rstrip('/')}/".startswith(f"{source.rstrip('/')}/")
    return Path(target).absolute().resolve().is_relative_to(Path(source).absolute().resolve())
