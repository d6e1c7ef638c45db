"""Run: the server as a process: it listens, answers until it is told to stop, and then ends what is under way."""

from __future__ import annotations

import asyncio
import socket
import ssl
import sys
from collections.abc import Callable

import uvicorn

from tamis.core import UsageError
from tamis.serve.app import build_app
from tamis.serve.config import ServeSettings
from tamis.serve.server import Server

_GIVE_WAY_SECONDS = 0.0005
"""How soon Python lets another thread go on: the model's thread and the event loop want to take turns quickly."""


def run_server(server: Server, *, ready: Callable[[str], None] = lambda address: None) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is told the address once the models are warm."""
    settings = server.settings
    listening = _listen(settings)
    scheme = "https" if settings.certificate else "http"
    address = f"{scheme}://{_shown_host(settings.host)}:{listening.getsockname()[1]}"
    config = uvicorn.Config(
        build_app(server),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=round(settings.drain_seconds),
        h11_max_incomplete_event_size=64 * 1024,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    sys.setswitchinterval(_GIVE_WAY_SECONDS)

    async def main() -> None:
        running = uvicorn.Server(config)
        serving = asyncio.create_task(running.serve(sockets=[listening]))
        while not running.started and not serving.done():
            await asyncio.sleep(0.005)
        try:
            await server.loaded()
        except BaseException:
            running.should_exit = True
            await serving
            raise
        ready(address)
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())


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


def _shown_host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
