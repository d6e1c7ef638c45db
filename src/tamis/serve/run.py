"""Run: the server as a process: it listens, answers until it is told to stop, and then ends what is under way."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import ipaddress
import logging
import math
import signal
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from tamis.core import UsageError
from tamis.serve.app import build_app
from tamis.serve.config import ServeSettings
from tamis.serve.patience import patient_protocol
from tamis.serve.server import Server

_log = logging.getLogger(__name__)
_GIVE_WAY_SECONDS = 0.0005
"""How soon Python lets another thread go on: the model's thread and the event loop want to take turns quickly."""
_LAST_REQUESTS_SECONDS = 0.5
"""How long an open connection may take to bring the request that was on its way when the server was told to stop."""


def run_server(server: Server, *, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve until SIGTERM or SIGINT, and then until what was asked is answered; `ready` is told the address once warm.

    A second signal, or one before the models are warm, ends the process at once.
    """
    settings = server.settings
    listening = _listen(settings)
    scheme = "https" if settings.certificate else "http"
    address = f"{scheme}://{_shown_host(settings.host)}:{listening.getsockname()[1]}"
    config = http_config(server)
    sys.setswitchinterval(_GIVE_WAY_SECONDS)

    async def main() -> None:
        running = _Running(config, server)
        serving = asyncio.create_task(running.serve(sockets=[listening]))
        while not running.started and not serving.done():
            await asyncio.sleep(0.005)
        try:
            await server.loaded()
        except BaseException:
            running.should_exit = True
            await serving
            raise
        gc.collect()
        gc.freeze()  # what lives as long as the process need not be looked through again and again
        running.warm = True
        ready(address)
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())


def http_config(server: Server) -> uvicorn.Config:
    """Return how uvicorn is to run a server."""
    settings = server.settings
    if settings.keys_file is None and not _only_here(settings.host):
        _log.warning("whoever reaches %s may ask, for no keys are needed: see `tamis serve-keys`", settings.host)
    return uvicorn.Config(
        build_app(server),
        http=patient_protocol(settings.request_seconds),
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=math.ceil(settings.drain_seconds),
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )


class _Running(uvicorn.Server):
    """uvicorn, but for how it ends: nothing that was asked goes without an answer, and the process exits with 0."""

    def __init__(self, config: uvicorn.Config, server: Server) -> None:
        super().__init__(config)
        self.warm = False
        self._server = server

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Listen to the signals; unlike uvicorn's own it does not raise them again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {each: signal.signal(each, self.handle_exit) for each in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for each, handler in before.items():
                signal.signal(each, handler)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to end; the second time, or when there is nothing to end yet, die of the signal."""
        if self.should_exit or not self.warm:
            signal.signal(sig, signal.SIG_DFL)
            signal.raise_signal(sig)
        self._server.drain()
        self.should_exit = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no new connections; answer what comes by the open ones and close each behind its answer; then end.

        uvicorn by itself would cut a connection whose next request is on its way.
        """
        taken = [
            asyncio.create_task(self._take(each)) for listening in sockets or [] for each in _waiting_at(listening)
        ]
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        self.server_state.default_headers.append((b"connection", b"close"))  # what is under way shares this list
        patience = min(_LAST_REQUESTS_SECONDS, self._server.settings.drain_seconds)
        until = time.monotonic() + patience
        if taken:
            await asyncio.wait(taken, timeout=patience)
        while self.server_state.connections and time.monotonic() < until:
            await asyncio.sleep(0.01)
        await super().shutdown()

    async def _take(self, connection: socket.socket) -> None:
        of_class: Any = self.config.http_protocol_class  # typed as any protocol at all
        protocol = partial(
            of_class,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
        )
        with contextlib.suppress(OSError):  # it is gone already
            await asyncio.get_running_loop().connect_accepted_socket(protocol, connection, ssl=self.config.ssl)


def _waiting_at(listening: socket.socket) -> Iterator[socket.socket]:
    """Yield the connections that the system has made already; when the socket closes they would be reset."""
    listening.setblocking(False)
    with contextlib.suppress(OSError):
        while True:
            yield listening.accept()[0]


def _listen(settings: ServeSettings) -> socket.socket:
    if (settings.certificate is None) != (settings.private_key is None):
        raise UsageError("TLS needs serve.certificate and serve.private_key, and one of them is missing")
    try:
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        return socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    except OSError as error:
        raise UsageError(
            f"cannot listen on {settings.host}:{settings.port}: {error.strerror}",
            hint="another process may have the port: name another with --port, or 0 for a free one",
        ) from None


def _only_here(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
