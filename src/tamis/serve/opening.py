"""Opening: bundles in, who answers out."""

from __future__ import annotations

from collections.abc import Mapping

from tamis.core import EventLog
from tamis.models import Bundle
from tamis.predict import PredictSettings
from tamis.serve.answering import Answering
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
) -> Answering:
    """Return who answers with these bundles, each warm under its name; the first is asked where none is named.

    `fallbacks` are the bundles that the declared chain refers to; `events` is where answers are kept.
    """
    served = {name: Served.open(bundle, serve, predict) for name, bundle in bundles.items()}
    first = next(iter(served.values()))
    seconds = {name: Served.open(bundle, serve, predict) for name, bundle in (fallbacks or {}).items()}
    return Answering(
        Fleet({name: Route(((each, 1.0),)) for name, each in served.items()}),
        serve,
        links=make_links(serve.fallbacks, seconds, labels=first.classifier.labels),
        capture=None if events is None else Capture(events),
    )
