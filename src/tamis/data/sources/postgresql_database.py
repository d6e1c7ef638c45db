"""PostgreSQLDatabase: queries over PostgreSQL, streamed through ADBC in a read-only session."""

from __future__ import annotations

import contextlib
import re
import urllib.parse
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from tamis.core import DataError, MissingExtra, TamisError, UsageError
from tamis.data.sources.http import without_secrets

_TABLES = """
SELECT CASE table_schema WHEN 'public' THEN table_name ELSE table_schema || '.' || table_name END
FROM information_schema.tables WHERE table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1
"""
_TEXT_TYPES = ("json", "jsonb", "uuid", "interval", "_uuid", "_json", "_jsonb")


class PostgreSQLDatabase:
    """A database behind an address; the password in it is never shown."""

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._shown = without_secrets(url)
        parts = urllib.parse.urlsplit(url)
        self._secrets = [secret for secret in (parts.password, urllib.parse.unquote(parts.password or "")) if secret]
        told = dict(urllib.parse.parse_qsl(parts.query))
        self._secrets += [told["password"]] if told.get("password") else []
        told.setdefault("connect_timeout", "10")
        told["options"] = f"{told.get('options', '')} -c default_transaction_read_only=on".strip()
        query = urllib.parse.urlencode(told, quote_via=urllib.parse.quote)
        self._url = urllib.parse.urlunsplit(parts._replace(query=query))

    def tables(self) -> list[str]:
        """Return the names of tables and views; those outside of `public` with their schema."""
        with self._cursor() as cursor:
            cursor.execute(_TABLES)
            return [row[0] for row in cursor.fetchall()]

    def batches(self, sql: str) -> Iterator[pa.Table]:
        """Yield the rows of a query, first a table without rows."""
        with self._cursor() as cursor:
            plain = _with_plain_types(sql, cursor.adbc_execute_schema(sql))
            cursor.execute(plain)
            reader = cursor.fetch_record_batch()
            yield reader.schema.empty_table()
            for batch in reader:
                yield pa.Table.from_batches([batch])

    @contextlib.contextmanager
    def _cursor(self) -> Iterator[Any]:
        try:
            import adbc_driver_manager
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError:
            raise MissingExtra("reading from PostgreSQL", extra="sql") from None
        try:
            with dbapi.connect(self._url) as connection, connection.cursor() as cursor:
                yield cursor
        except adbc_driver_manager.Error as error:
            raise self._explained(str(error)) from None

    def _explained(self, message: str) -> TamisError:
        for secret in self._secrets:
            message = message.replace(secret, "…")
        if "Failed to connect" in message:
            reason = re.sub(r"\s+", " ", message.partition("Failed to connect:")[2]).strip()
            hint = "check the address, and that the server takes connections from here"
            if "authentication failed" in reason or "no password supplied" in reason:
                hint = "give user and password in the address, in PGPASSWORD, or in ~/.pgpass"
            return DataError(f"{self._shown}: {reason}", hint=hint)
        found = re.search(r"ERROR:\s+(.*?)(?:\n\n?Query was|\. SQLSTATE|$)", message, re.DOTALL)
        reason = found[1].rstrip() if found else message
        if "does not exist" in reason and "relation" in reason:
            reason += f"\n  Tables: {', '.join(self.tables()[:30])}"
        if "read-only transaction" in reason:
            return UsageError(f"the database is only read: {reason}", hint="give a SELECT")
        if not found:
            return DataError(f"{self._shown}: {reason}")
        return UsageError(f"PostgreSQL refuses the query: {reason}")


def _with_plain_types(sql: str, schema: pa.Schema) -> str:
    """The query, with the types that have no equal elsewhere made text, and decimals floats."""
    casts = [_cast(field) for field in schema]
    if not any(casts):
        return sql
    columns = []
    for field, cast in zip(schema, casts, strict=True):
        name = '"' + field.name.replace('"', '""') + '"'
        columns.append(f"{name}::{cast} AS {name}" if cast else name)
    return f"SELECT {', '.join(columns)} FROM ({sql}) AS answer"


def _cast(field: pa.Field) -> str | None:
    kind = ((field.metadata or {}).get(b"POSTGRESQL:type") or b"").decode()
    if kind in ("numeric", "_numeric"):
        return "float8[]" if kind.startswith("_") else "float8"
    opaque = isinstance(field.type, pa.OpaqueType) or (
        pa.types.is_list(field.type) and isinstance(field.type.value_type, pa.OpaqueType)
    )
    if opaque or kind in _TEXT_TYPES:
        return "text[]" if kind.startswith("_") else "text"
    return None
