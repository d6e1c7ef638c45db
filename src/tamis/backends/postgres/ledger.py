"""PostgresLedger: the Ledger port on a table of PostgreSQL, for as many machines as reach it."""

from __future__ import annotations

import contextlib
import re
import threading
import urllib.parse
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import adbc_driver_manager
from adbc_driver_postgresql import dbapi

from tamis.core import TamisError, UsageError

_WAIT_SECONDS = 30
_CONNECT_SECONDS = 10
_ONE_WRITER = 7_236_170_861_530_000_001
"""The advisory lock that whoever appends holds until the end of the transaction; readers need none."""
_BEGIN = (
    "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",  # what is read behind the lock is what is there by then
    f"SET LOCAL lock_timeout = '{_WAIT_SECONDS}s'",
    "SET LOCAL synchronous_commit = on",
)
_IS_THERE = "SELECT to_regclass('tamis_ledger') IS NOT NULL"
_SCHEMA = (
    "CREATE TABLE tamis_ledger (number bigint PRIMARY KEY, line text NOT NULL)",
    "CREATE OR REPLACE FUNCTION tamis_ledger_refuses() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'tamis_ledger is only ever added to'; END $$",
    "CREATE TRIGGER only_added_to BEFORE UPDATE OR DELETE OR TRUNCATE ON tamis_ledger "
    "FOR EACH STATEMENT EXECUTE FUNCTION tamis_ledger_refuses()",
)
_REASON = re.compile(r"(?:ERROR:|FATAL:|Failed to connect:)\s+(.*?)(?:\n\w+:|\n\n?Query was|\. SQLSTATE|$)", re.DOTALL)
_STATE = re.compile(r"SQLSTATE: (\w{5})")
_READ = "SELECT line FROM tamis_ledger WHERE number > $1 ORDER BY number"
_ADD = "INSERT INTO tamis_ledger (number, line) VALUES ($1, $2)"


class PostgresLedger:
    """Lines in the table `tamis_ledger (number, line)`, which refuses changes and removals.

    One connection is kept between calls, for making one takes longer than what it is needed for.
    """

    def __init__(self, target: str) -> None:
        try:
            parts = urllib.parse.urlsplit(target)
            told = urllib.parse.parse_qsl(parts.query)
            self._shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
            self._user = urllib.parse.unquote(parts.username or "")
        except ValueError as error:
            scheme = target.partition(":")[0]
            raise UsageError(
                f"the {scheme}:// address of the registry cannot be read: {error}", hint="special signs are written %XX"
            ) from None
        passwords = [parts.password or "", *(value for key, value in told if key == "password")]
        self._secrets = {each for password in passwords for each in (password, urllib.parse.unquote(password)) if each}
        query = urllib.parse.urlencode(
            {"connect_timeout": _CONNECT_SECONDS, "tcp_user_timeout": _CONNECT_SECONDS * 1000, **dict(told)},
            quote_via=urllib.parse.quote,
        )
        self._url = f"{parts.scheme}://{parts.netloc}{parts.path}?{query}"
        self._mine = threading.Lock()
        self._close: Callable[[], object] | None = None
        self._cursor: Any = None

    def read(self, *, after: int = 0) -> Sequence[str]:
        """Return the lines past the first `after` ones."""
        with self._transaction() as cursor:
            return _lines(cursor, after) if _value(cursor, _IS_THERE) else []

    def append(self, make: Callable[[Sequence[str]], Sequence[str]]) -> None:
        """Append what `make` returns for all lines; other writers wait."""
        with self._transaction() as cursor:
            _value(cursor, f"SELECT pg_advisory_xact_lock({_ONE_WRITER})")
            if not _value(cursor, _IS_THERE):
                for statement in _SCHEMA:
                    cursor.execute(statement)
            there = _lines(cursor, 0)
            new = list(enumerate(make(there), len(there) + 1))
            if new:
                cursor.executemany(_ADD, new)

    def close(self) -> None:
        """Let go of the connection."""
        with self._mine:
            self._let_go()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Any]:
        """Yield a cursor; all that is done with it counts when the block ends well, and nothing of it otherwise."""
        with self._mine:
            try:
                cursor = self._begun()
                yield cursor
                cursor.connection.commit()
            except adbc_driver_manager.Error as error:
                self._let_go()
                raise self._explained(error) from None
            except BaseException:
                self._let_go()
                raise

    def _begun(self) -> Any:
        if self._cursor is not None:
            try:
                return _begin(self._cursor)
            except adbc_driver_manager.Error:  # the server was started anew, or was tired of waiting
                self._let_go()
        connection = dbapi.connect(self._url)
        self._cursor = connection.cursor()
        self._close = weakref.finalize(self, _close, self._cursor, connection)
        return _begin(self._cursor)

    def _let_go(self) -> None:
        if self._close is not None:
            self._close()
        self._close = self._cursor = None

    def _explained(self, error: adbc_driver_manager.Error) -> TamisError:
        message = str(error)
        for secret in self._secrets:
            message = message.replace(secret, "…")
        found, state = _REASON.search(message), _STATE.search(message)
        reason = re.sub(r"\s+", " ", found[1] if found else message).strip()
        hint = None
        if state and state[1] == "42501":
            who = self._user or "…"
            hint = (
                f"whoever owns the database lets you in: GRANT USAGE, CREATE ON SCHEMA public TO {who};\n"
                f"  where the table is there already: GRANT SELECT, INSERT ON tamis_ledger TO {who}"
            )
        elif state and state[1] == "55P03":
            reason = f"somebody else has been writing for {_WAIT_SECONDS} seconds"
            hint = "try again; pg_locks and pg_stat_activity tell who holds the lock"
        elif "authentication failed" in reason or "no password supplied" in reason:
            hint = "give the password in PGPASSWORD or in ~/.pgpass, and the user in registry.url"
        elif "Failed to connect" in message:
            hint = "check registry.url, and that the server takes connections from here"
        return TamisError(f"the registry at {self._shown}: {reason}", hint=hint)


def _begin(cursor: Any) -> Any:
    for statement in _BEGIN:
        cursor.execute(statement)
    return cursor


def _value(cursor: Any, question: str) -> Any:
    cursor.execute(question)
    return cursor.fetchall()[0][0]


def _lines(cursor: Any, after: int) -> list[str]:
    cursor.execute(_READ, (after,))
    return [line for (line,) in cursor.fetchall()]


def _close(cursor: Any, connection: Any) -> None:
    with contextlib.suppress(adbc_driver_manager.Error):
        cursor.close()
    with contextlib.suppress(adbc_driver_manager.Error):
        connection.close()
