"""Keys: who may ask. Only hashes of the keys are kept, in a file that people can read."""

from __future__ import annotations

import hashlib
import hmac
import logging
import re
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from starlette.types import ASGIApp, Receive, Scope, Send

from tamis.core import UsageError, write_atomic
from tamis.serve.problem import Problem

OPEN_PATHS = frozenset(
    (
        "/livez",
        "/healthz",
        "/readyz",
        "/ping",
        "/health",
        "/v2/health/live",
        "/v2/health/ready",
        "/label-studio/health",
        "/docs",
        "/openapi.json",
    )
)
"""Whoever watches over the process has no key, and the documentation says nothing of the models."""
_HEAD = "# Who may ask: name, SHA-256 of the key, when it was made. `tamis serve-keys` writes this file.\n"
_NAME = re.compile(r"[\w.@-]{1,60}")
_RECHECK_SECONDS = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Key:
    """One caller. A key is 256 random bits, so its plain hash cannot be turned back by trying."""

    name: str
    sha256: str
    made: str


def read_keys(path: Path) -> list[Key]:
    """Return the keys of a file; a line that is none is an error."""
    keys = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, digest, made, *more = [*line.split(), "", ""]
        if not re.fullmatch(r"[0-9a-f]{64}", digest) or any(more):
            raise UsageError(
                f"line {number} of {path} is not `NAME SHA256 DATE`", hint="write it with `tamis serve-keys add NAME`"
            )
        keys.append(Key(name, digest, made))
    return keys


def add_key(path: Path, name: str) -> str:
    """Add a caller to a file of keys and return the key; it cannot be shown again."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot name a key", hint="letters, digits and .@_- without spaces")
    keys = read_keys(path) if path.exists() else []
    if name in {each.name for each in keys}:
        raise UsageError(f"{path} has a key {name!r} already", hint=f"`tamis serve-keys remove {name}` ends it")
    key = f"tamis_{secrets.token_urlsafe(32)}"
    _write(path, [*keys, Key(name, _digest(key), datetime.now(UTC).date().isoformat())])
    return key


def remove_key(path: Path, name: str) -> None:
    """Take a caller out of a file of keys; a server that runs refuses the key within a second."""
    keys = read_keys(path) if path.exists() else []
    left = [each for each in keys if each.name != name]
    if len(left) == len(keys):
        known = ", ".join(each.name for each in keys) or "none"
        raise UsageError(f"{path} has no key {name!r}. Keys: {known}.")
    _write(path, left)


def _write(path: Path, keys: list[Key]) -> None:
    write_atomic(path, _HEAD + "".join(f"{each.name} {each.sha256} {each.made}\n" for each in keys))


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


class Keys:
    """The keys of a file; what changes in it holds a second later."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            raise UsageError(f"there is no file of keys {path}", hint="make one: tamis serve-keys add NAME")
        self._path = path
        self._state = self._look()
        self._keys = read_keys(path)
        self._checked = time.monotonic()

    def name_of(self, key: str) -> str | None:
        """Return whose key it is, in a time that does not depend on how much of it is right."""
        self._read_again()
        digest, found = _digest(key), None
        for each in self._keys:
            if hmac.compare_digest(each.sha256, digest):
                found = each.name
        return found

    def _look(self) -> tuple[int, int, int]:
        stat = self._path.stat()
        return stat.st_mtime_ns, stat.st_ino, stat.st_size

    def _read_again(self) -> None:
        if time.monotonic() - self._checked < _RECHECK_SECONDS:
            return
        self._checked = time.monotonic()
        try:
            state = self._look()
            if state != self._state:
                self._keys, self._state = read_keys(self._path), state
        except (OSError, ValueError, UsageError) as error:
            _log.error("the keys stay as they were: %s", error)


class KeyGuard:
    """ASGI: lets a request pass that brings a key, and says in the scope whose it is."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app = app
        self._keys = keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer 401."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        key = _given(scope)
        name = self._keys.name_of(key) if key else None
        if name is None:
            detail = (
                "this key is not known here"
                if key
                else "a key is needed: `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            )
            await Problem(401, detail, headers={"WWW-Authenticate": "Bearer"}).response()(scope, receive, send)
            return
        scope["tamis.key"] = name
        await self._app(scope, receive, send)


def _given(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return str(value.decode("latin-1"))
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return str(value[7:].decode("latin-1").strip())
    return ""
