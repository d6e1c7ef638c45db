"""`tamis serve`: a model behind HTTP."""

from __future__ import annotations

import contextlib
import logging
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tamis.cli import output
from tamis.cli.predict import EngineName

if TYPE_CHECKING:
    from tamis.core import Workspace
    from tamis.models import Bundle


def add_commands(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    models: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="MODEL",
            help="docs@champion, a version (docs@3), a run, a bundle or a .tamis file; NAME=MODEL for several.",
        ),
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one. [default: 8080]")
    ] = None,
    engine: EngineName = None,
) -> None:
    """Answer over HTTP until it is told to stop; without MODEL, with the newest run.

    The address is printed once the models are warm. /docs shows all routes, /metrics the numbers. What an alias of the
    registry names (docs@champion) is followed: when it moves, the version it names takes over without a pause.

    Example: tamis serve reviews-linear-1 --port 9000

    Example: tamis serve reviews=reviews-linear-1 --host 0.0.0.0 --port 0
    """
    from tamis.predict import PredictSettings
    from tamis.registry import announced, find_model, open_registry
    from tamis.serve import (
        Following,
        JsonLines,
        Server,
        ServeSettings,
        Traces,
        find_allowed,
        open_answering,
        open_events,
        run_server,
    )

    workspace = output.workspace(lazy=True)
    settings = workspace.config.of(ServeSettings)
    files = {name: getattr(settings, name) for name in ("keys_file", "certificate", "private_key")}
    told = {"host": host, "port": port, **{name: path and workspace.root / path for name, path in files.items()}}
    settings = settings.model_copy(update={key: value for key, value in told.items() if value is not None})
    predict = workspace.config.of(PredictSettings)
    if engine is not None:
        predict = predict.model_copy(update={"engine": engine})
    bundles, aliases = _named(workspace, models or [])
    fallbacks = {
        each.bundle: find_model(workspace, each.bundle, only_approved=True)
        for each in settings.fallbacks
        if each.bundle
    }
    events = open_events(workspace, settings) if settings.capture else None
    find = partial(find_allowed, workspace, folders=settings.bundle_folders)
    server = Server(
        settings,
        lambda: open_answering(
            bundles, settings, predict, fallbacks=fallbacks, events=events, find=find, observe=server.batch
        ),
        traces=Traces.from_environment(),
        following=Following(open_registry(workspace), aliases) if aliases else None,
    )
    lines = logging.StreamHandler()
    lines.setFormatter(JsonLines())
    logging.basicConfig(handlers=[lines], level=logging.WARNING)
    logging.getLogger("tamis.serve").setLevel(logging.INFO)

    running = contextlib.ExitStack()

    def ready(address: str) -> None:
        running.enter_context(announced(workspace, address))
        print(f"{', '.join(bundles)} at {address}", flush=True)
        print(
            f"try: curl -s {address}/predict -H 'content-type: application/json' -d '{{\"text\": \"…\"}}'",
            file=sys.stderr,
        )

    with running:
        run_server(server, ready=ready)


def _named(workspace: Workspace, models: list[str]) -> tuple[dict[str, Bundle], dict[str, str]]:
    """The bundles by the names under which they are served, and the aliases of those names that follow one."""
    from tamis.core import UsageError
    from tamis.registry import CHAMPION, find_model, is_version

    bundles: dict[str, Bundle] = {}
    aliases: dict[str, str] = {}
    for each in models or [""]:
        name, equals, ref = each.partition("=")
        if not equals or Path(each).exists():
            name, ref = "", each
        bundle = find_model(workspace, ref or None, only_approved=True)
        registered = is_version(workspace, ref)
        model, _, version = ref.partition("@")
        name = name or (model if registered else bundle.manifest.lineage.run)
        if name in bundles:
            raise UsageError(f"two models would be served as {name!r}", hint="name them: a=MODEL b=MODEL")
        bundles[name] = bundle
        if registered and not version.isdecimal():
            aliases[name] = f"{model}@{version or CHAMPION}"
    return bundles, aliases
