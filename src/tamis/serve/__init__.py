"""Serve: how do others ask a model, at any hour and all at once?

In go bundles; out comes an HTTP server on `predict`'s engines. Requests of every wire format become one `Asked`; a
route chooses the version, a `Batcher` runs what arrives together through the model together, silences may be filled by
declared fallbacks, and the answer is kept before the caller hears of it. No torch is needed.
"""

from tamis.serve.access_log import JsonLines
from tamis.serve.answering import Answering
from tamis.serve.app import build_app
from tamis.serve.asked import Answered, Asked
from tamis.serve.batcher import Batch, Batcher
from tamis.serve.capture import Capture
from tamis.serve.captures import (
    CaptureCounts,
    Exported,
    VersionCounts,
    count_captures,
    export_captures,
    open_events,
)
from tamis.serve.config import FallbackSettings, ServeSettings, TextRule
from tamis.serve.fleet import Fleet, Route
from tamis.serve.following import Following
from tamis.serve.keys import Key, add_key, read_keys, remove_key
from tamis.serve.metrics import Metrics
from tamis.serve.opening import find_allowed, open_answering
from tamis.serve.problem import Problem
from tamis.serve.run import http_config, run_server
from tamis.serve.served import Served
from tamis.serve.server import Server
from tamis.serve.traces import Traces

__all__ = [
    "Answered",
    "Answering",
    "Asked",
    "Batch",
    "Batcher",
    "Capture",
    "CaptureCounts",
    "Exported",
    "FallbackSettings",
    "Fleet",
    "Following",
    "JsonLines",
    "Key",
    "Metrics",
    "Problem",
    "Route",
    "ServeSettings",
    "Served",
    "Server",
    "TextRule",
    "Traces",
    "VersionCounts",
    "add_key",
    "build_app",
    "count_captures",
    "export_captures",
    "find_allowed",
    "http_config",
    "open_answering",
    "open_events",
    "read_keys",
    "remove_key",
    "run_server",
]
