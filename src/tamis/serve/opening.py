"""Opening: bundles in, who answers out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from tamis.core import EventLog, UsageError, Workspace
from tamis.models import Bundle, find_bundle, open_bundle, run_names
from tamis.predict import PredictSettings
from tamis.registry import version_bundle
from tamis.serve.answering import Answering
from tamis.serve.batcher import Batch
from tamis.serve.capture import Capture
from tamis.serve.config import ServeSettings
from tamis.serve.fallback import make_links
from tamis.serve.fleet import Fleet, Route
from tamis.serve.served import Served


def open_answering(
    bundles: Mapping[str, Bundle],
    serve: ServeSettings,
    predict: PredictSettings,
    *,
    fallbacks: Mapping[str, Bundle] | None = None,
    events: EventLog | None = None,
    find: Callable[[str], Bundle] | None = None,
    observe: Callable[[Batch], None] = lambda batch: None,
) -> Answering:
    """Return who answers with these bundles, each warm under its name; the first is asked where none is named.

    `fallbacks` are the bundles that the declared chain refers to; `events` is where answers are kept; `find` says which
    bundles may be put live later; `observe` is told of every pass of a model.
    """
    if events is not None:
        events.append([])  # a log that cannot be used is told now
    opened = partial(Served.open, serve=serve, predict=predict, observe=observe)
    served = {name: opened(bundle) for name, bundle in bundles.items()}
    seconds = {name: opened(bundle) for name, bundle in (fallbacks or {}).items()}
    return Answering(
        Fleet({name: Route(((each, 1.0),)) for name, each in served.items()}, find=find, open_bundle=opened),
        serve,
        links=make_links(serve.fallbacks, seconds, routes=served),
        capture=None
        if events is None
        else Capture(
            events,
            policy=serve.capture_text,
            sync_seconds=serve.capture_sync_seconds,
            gather_seconds=serve.capture_gather_milliseconds / 1000,
            patience_seconds=serve.deadline_seconds,
        ),
    )


def find_allowed(workspace: Workspace, ref: str, *, folders: tuple[Path, ...]) -> Bundle:
    """Return a bundle that may be put live from afar: a run of the workspace, an approved version, or one in a folder.

    Of any other path it is not even told whether there is something.
    """
    names = run_names(workspace)
    if ref in names:
        return find_bundle(workspace, ref)
    for folder in folders:
        inside = (workspace.root / folder).resolve()
        path = (inside / ref).resolve()
        with contextlib.suppress(OSError):  # no name for a file, or nothing that may be read
            if path.is_relative_to(inside) and path.exists():
                return open_bundle(path)
    if "@" in ref:
        return version_bundle(workspace, ref, only_approved=True)
    raise UsageError(
        f"no bundle {ref!r} that may be loaded here. Runs: {', '.join(names) or 'none'}.",
        hint="or an approved version (docs@3), or a folder or .tamis file in one of serve.bundle_folders",
    )
