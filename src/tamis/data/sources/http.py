"""HTTP: fetches an address into a temporary file, going on where a broken connection stopped."""

from __future__ import annotations

import base64
import contextlib
import errno
import http.client
import re
import socket
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import BinaryIO

from tamis.core import DataError, Progress, Silent, TamisError, UsageError
from tamis.core.progress import Advance
from tamis.data.sources.scratch import ScratchFile

_CHUNK_BYTES = 1 << 18
_SECRET_KEYS = re.compile(r"token|signature|credential|key|secret|password|sig$", re.IGNORECASE)
# worth another try: the server is busy or restarts
_PASSING = {408, 425, 429, 500, 502, 503, 504}

_SUFFIX_OF_TYPE = {
    "text/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/x-ndjson": ".jsonl",
    "application/jsonl": ".jsonl",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.apache.arrow.file": ".arrow",
    "application/pdf": ".pdf",
    "text/plain": ".txt",
}


@dataclass(frozen=True)
class Download:
    """A fetched file; it is deleted with the last reference to it."""

    scratch: ScratchFile
    name: str
    """The name the server gave it, else the last part of its address."""


def download(
    url: str, *, progress: Progress = Silent(), timeout_seconds: float = 30, attempts: int = 4, pause_seconds: float = 1
) -> Download:
    """Return the file at `url`, in a temporary place.

    A connection that breaks is taken up again where it stopped when the server can do that, else from the start.
    """
    shown = without_secrets(url)
    scratch = ScratchFile()
    with (
        scratch.path.open("wb") as file,
        progress.track(f"fetching {shown}", total=None, unit="B") as advance,
    ):
        state = _State(file)
        for attempt in range(1, attempts + 1):
            try:
                headers = _fetch(url, state, advance, timeout_seconds=timeout_seconds)
            except urllib.error.HTTPError as error:
                error.close()
                if error.code not in _PASSING or attempt == attempts:
                    raise _status_error(shown, error) from None
            except urllib.error.URLError as error:
                if attempt == attempts or not _may_pass(error.reason):
                    raise _unreachable(shown, error.reason) from None
            except (http.client.HTTPException, OSError) as error:
                if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                    raise
                if attempt == attempts:
                    raise _unreachable(shown, error) from None
            else:
                return Download(scratch, _file_name(url, headers))
            time.sleep(pause_seconds * 2 ** (attempt - 1))
    raise AssertionError("the last attempt returns or raises")


def without_secrets(url: str) -> str:
    """Return an address that may be shown and kept: no user, no password, no signature.

    >>> without_secrets("https://me:pw@host/a.csv?v=2&X-Amz-Signature=f00")
    'https://host/a.csv?v=2'
    """
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError as error:
        scheme = url.partition(":")[0]
        raise UsageError(
            f"this {scheme}:// address cannot be read: {error}", hint="special signs are written %XX"
        ) from None
    query = [pair for pair in parts.query.split("&") if pair and not _SECRET_KEYS.search(pair.partition("=")[0])]
    return urllib.parse.urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "&".join(query), ""))


@dataclass
class _State:
    """How far a download is, and which version of the file it is a part of."""

    file: BinaryIO
    done: int = 0
    version: str | None = None


def _fetch(url: str, state: _State, advance: Advance, *, timeout_seconds: float) -> Message:
    request = _request(url)
    if state.done and state.version:
        request.add_header("Range", f"bytes={state.done}-")
        request.add_header("If-Range", state.version)
    with contextlib.closing(urllib.request.urlopen(request, timeout=timeout_seconds)) as answer:
        if answer.status != 206:  # the whole file, from its start
            advance(-state.done)
            state.done = 0
            state.file.seek(0)
            state.file.truncate()
        headers: Message = answer.headers
        # a weak tag does not promise equal bytes, so nothing may be joined by it
        tag = headers["ETag"]
        state.version = tag if tag and not tag.startswith("W/") else headers["Last-Modified"]
        expected = headers["Content-Length"]
        got = 0
        while chunk := answer.read(_CHUNK_BYTES):
            state.file.write(chunk)
            got += len(chunk)
            state.done += len(chunk)
            advance(len(chunk))
        state.file.flush()
        if expected is not None and got < int(expected):
            raise http.client.IncompleteRead(b"", int(expected) - got)
    return headers


def _request(url: str) -> urllib.request.Request:
    """A request, with the user and password of the address as the header they are meant to be."""
    parts = urllib.parse.urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    path = urllib.parse.quote(parts.path, safe="/%:@!$&'()*+,;=~-._")
    plain = urllib.parse.urlunsplit((parts.scheme, host, path, parts.query, ""))
    request = urllib.request.Request(plain, headers={"User-Agent": "tamis", "Accept-Encoding": "identity"})
    if at:
        secret = base64.b64encode(urllib.parse.unquote(user).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {secret}")
    return request


def _file_name(url: str, headers: Message) -> str:
    named = headers.get_filename()
    name = Path(named or urllib.parse.unquote(urllib.parse.urlsplit(url).path)).name or "download"
    if not Path(name).suffix:
        name += _SUFFIX_OF_TYPE.get(headers.get_content_type(), "")
    return name


def _may_pass(reason: object) -> bool:
    """Whether trying again makes sense: not for a name that does not exist or a certificate that is wrong."""
    return not isinstance(reason, (socket.gaierror, ssl.SSLCertVerificationError, str))


def _status_error(shown: str, error: urllib.error.HTTPError) -> TamisError:
    says = {
        401: "it wants a login: https://user:password@host/…",
        403: "the server does not let you read it; a signed address may have expired",
        404: "there is no such file; check the address",
        410: "the file was removed",
    }
    hint = says.get(error.code, "the server could not serve it; try again later" if error.code >= 500 else None)
    return DataError(f"{shown}: HTTP {error.code} {error.reason}", hint=hint)


def _unreachable(shown: str, reason: object) -> TamisError:
    host = urllib.parse.urlsplit(shown).hostname
    if isinstance(reason, socket.gaierror):
        return DataError(f"{shown}: no host named {host!r} is known", hint="check the address and the network")
    if isinstance(reason, TimeoutError):
        return DataError(f"{shown}: {host} did not answer in time", hint="try again later")
    if isinstance(reason, http.client.IncompleteRead):
        return DataError(f"{shown}: the connection broke off again and again", hint="try again later")
    return DataError(f"{shown}: cannot reach {host}: {reason}", hint="check the address and the network")
