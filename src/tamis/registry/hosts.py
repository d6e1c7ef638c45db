"""Hosts: waits until every live server that follows an alias serves the version that it names."""

from __future__ import annotations

import http.client
import json
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

from tamis.core import Host, TamisError, Workspace, plugins
from tamis.registry.config import RegistrySettings
from tamis.registry.registry import open_registry
from tamis.registry.servers import announced_servers
from tamis.registry.state import CHAMPION, Version

_ASK_AGAIN_SECONDS = 0.05
_ANSWER_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Followed:
    """Whether a server serves the version, and since when."""

    address: str
    seconds: float
    """From the call until it said so, or until nobody waited any longer."""
    trouble: str = ""
    """Why it does not; empty when it does."""


def await_hosts(
    workspace: Workspace, version: Version, *, alias: str = CHAMPION, start: float | None = None
) -> list[Followed]:
    """Return when every live host serves a version that an alias names now, or after `registry.follow_seconds`.

    Servers of the workspace, and those in `registry.hosts`, that follow the alias are asked until they say that they
    serve it. A host in `registry.hosts` that follows nothing is told to serve the champion, by the port `Host`.
    `start` is when the work began, by `time.monotonic()`.
    """
    settings = workspace.config.of(RegistrySettings)
    start = time.monotonic() if start is None else start
    wait = partial(
        _wait,
        version=version,
        alias=alias,
        start=start,
        until=time.monotonic() + settings.follow_seconds,
        moved=lambda: _moved(workspace, version, alias),
    )
    named = [each.rstrip("/") for each in settings.hosts]
    jobs = [partial(wait, each, named=True) for each in dict.fromkeys(named)]
    jobs += [partial(wait, each, named=False) for each in announced_servers(workspace) if each not in named]
    if not jobs:
        return []
    with ThreadPoolExecutor(len(jobs)) as pool:
        answers = list(pool.map(lambda job: job(), jobs))
    return [each for each in answers if each is not None]


def _wait(
    address: str,
    *,
    named: bool,
    version: Version,
    alias: str,
    start: float,
    until: float,
    moved: Callable[[], str],
) -> Followed | None:
    """Ask one server until it serves the version; None when it is none that has to."""
    followed = partial(Followed, address=address)
    trouble = ""
    while True:
        try:
            following = _following(address, named=named)
        except _Gone as error:
            if not named:  # it was ended, or is about to end
                return None
            trouble = str(error)
        except TamisError as error:
            trouble = str(error)
        else:
            mine = [told for told in following.values() if told.get("follows") == f"{version.model}@{alias}"]
            if not mine:
                if not named or following:  # it follows other aliases
                    return None
                return _told(address, version, alias=alias, start=start, seconds=max(until - time.monotonic(), 1.0))
            if all(told.get("serves") == version.ref for told in mine):
                return followed(seconds=time.monotonic() - start)
            serves = ", ".join(sorted({str(told.get("serves")) for told in mine if told.get("serves") != version.ref}))
            trouble = f"it still serves {serves}; its log and {address}/info say why"
        if time.monotonic() > until:
            return followed(seconds=time.monotonic() - start, trouble=moved() or trouble)
        time.sleep(_ASK_AGAIN_SECONDS)


def _told(address: str, version: Version, *, alias: str, start: float, seconds: float) -> Followed:
    """Tell a host that follows nothing what to serve."""
    followed = partial(Followed, address=address)
    if alias != CHAMPION:
        return followed(seconds=0.0, trouble=f"it does not follow {version.model}@{alias}")
    host: Host = plugins.load("host", "local")(address=address, timeout_seconds=seconds)
    try:
        host.state(version.model)  # it is not to get a model that it does not have
        host.deploy(version.ref, name=version.model)
    except TamisError as error:
        return followed(seconds=time.monotonic() - start, trouble=str(error))
    return followed(seconds=time.monotonic() - start)


def _moved(workspace: Workspace, version: Version, alias: str) -> str:
    now = open_registry(workspace).state().version(f"{version.model}@{alias}")
    return "" if now.number == version.number else f"somebody moved {version.model}@{alias} on to {now.ref} meanwhile"


class _Gone(TamisError):
    """Nobody answers there, or only to say that it ends."""


def _following(address: str, *, named: bool) -> dict[str, dict[str, Any]]:
    context = None if named else _any_certificate()
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=_ANSWER_SECONDS, context=context) as answer:
            said = json.load(answer)
        following: dict[str, dict[str, Any]] = said.get("following", {}) if isinstance(said, dict) else {}
    except urllib.error.HTTPError as error:
        with error:
            kind = _Gone if error.code == 503 else TamisError
            raise kind(f"it answers {error.code} at /readyz") from None
    except (ValueError, http.client.HTTPException):
        raise TamisError("what answers there is no tamis serve") from None
    except OSError as error:
        reason = error.reason if isinstance(error, urllib.error.URLError) else error
        refused = isinstance(reason, ConnectionRefusedError)
        raise (_Gone if refused else TamisError)(f"no answer: {reason}") from None
    return following


def _any_certificate() -> ssl.SSLContext:
    """A certificate is seldom for the address that a server of the workspace tells; nothing secret is said to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
