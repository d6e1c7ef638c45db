"""DuckDBDatabase: queries over a DuckDB file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from tamis.core import DataError, UsageError

_BATCH_ROWS = 16_384


@dataclass(frozen=True)
class DuckDBDatabase:
    """A file, opened read-only for each question."""

    path: Path
    kind: str = "duckdb"

    def tables(self) -> list[str]:
        """Return the names of tables and views."""
        sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main' ORDER BY 1"
        with self._connected() as connection:
            return [str(name) for (name,) in connection.execute(sql).fetchall()]

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Yield the rows of a query, first a table without rows."""
        with self._connected() as connection:
            answer = connection.sql(sql)
            if answer is None:
                raise UsageError(f"this query returns no rows: {sql}", hint="give a SELECT")
            reader = answer.to_arrow_reader(_BATCH_ROWS)
            yield reader.schema.empty_table()
            for batch in reader:
                yield pa.Table.from_batches([batch])

    @contextlib.contextmanager
    def _connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        try:
            # an extension that is not there would be fetched from the network
            with duckdb.connect(
                str(self.path), read_only=True, config={"autoinstall_known_extensions": "false"}
            ) as connection:
                yield connection
        except (duckdb.IOException, duckdb.SerializationException) as error:
            reason = "not a DuckDB file" if "Extension" in str(error) else str(error).splitlines()[0]
            raise DataError(
                f"{self.path}: {reason}", hint="is it a DuckDB file that no other program is writing?"
            ) from None
        except duckdb.Error as error:
            raise UsageError(f"DuckDB refuses the query: {error}") from None
