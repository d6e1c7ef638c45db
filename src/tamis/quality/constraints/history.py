"""MetricHistory: the metrics of a dataset over its versions, in Parquet files that are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tamis.core import Workspace, atomic_file, fingerprint
from tamis.quality.constraints.measure import Measured

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class MetricHistory:
    """What was measured before. One file holds the metrics of one verification."""

    folder: Path

    @classmethod
    def of(cls, workspace: Workspace, dataset: str) -> MetricHistory:
        """Return the history of a dataset's name."""
        return cls(workspace.state / "quality" / "metrics" / dataset)

    def add(self, measured: Sequence[Measured], *, version: int, content: str) -> Path | None:
        """Keep metrics of a version; None when there is nothing new in them."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        numbers = [one for one in measured if isinstance(one.value, float)]
        values = {one.name: one.value for one in numbers}
        path = self.folder / f"v{version:06}-{fingerprint({'content': content, 'values': values})[:16]}.parquet"
        if not numbers or path.exists():
            return None
        table = pa.table(
            {
                "version": pa.array([version] * len(numbers), pa.int64()),
                "content": [content] * len(numbers),
                "measured": pa.array([datetime.now(UTC)] * len(numbers), pa.timestamp("us", tz="UTC")),
                "name": [one.name for one in numbers],
                "metric": [one.metric for one in numbers],
                "instance": [one.instance for one in numbers],
                "where": [one.where for one in numbers],
                "value": pa.array([one.value for one in numbers], pa.float64()),
            }
        )
        with atomic_file(path) as file:
            pq.write_table(table, file)
        return path

    def read(self) -> pa.Table:
        """Return everything that was kept, oldest version first."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        tables = [pq.read_table(path) for path in sorted(self.folder.glob("v*.parquet"))]
        return pa.concat_tables(tables) if tables else pa.table({"version": [], "name": [], "value": []})

    def before(self, version: int) -> dict[str, list[float]]:
        """Return each metric's values in the versions before, oldest first; of one version the last measured."""
        latest: dict[str, dict[int, float]] = {}
        rows = sorted(self.read().to_pylist(), key=lambda row: (row["version"], row["measured"]))
        for row in rows:
            if row["version"] < version:
                latest.setdefault(row["name"], {})[row["version"]] = row["value"]
        return {name: list(values.values()) for name, values in latest.items()}
