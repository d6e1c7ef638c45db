"""Traces: spans of each request and of the model's part in it, by OpenTelemetry's own settings (`OTEL_…`)."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamis.core import UsageError
from tamis.serve.batcher import Batch
from tamis.serve.metrics import UNKNOWN_ROUTE, route_of

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_ASKED_FOR = ("OTEL_TRACES_EXPORTER", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Traces:
    """Makes spans with a provider; nothing of OpenTelemetry is imported before one is made."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self.tracer = provider.get_tracer("tamis.serve")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Traces | None:
        """Return traces if the variables of OpenTelemetry ask for them.

        The exporter is chosen here; what else there is (service name, sampler, endpoint, headers) its libraries read.
        """
        asked = any(environment.get(name) for name in _ASKED_FOR)
        names = [name.strip() for name in environment.get("OTEL_TRACES_EXPORTER", "otlp").split(",")]
        if not asked or names == ["none"] or environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
            return None
        from opentelemetry.sdk.resources import SERVICE_NAME, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        called = {} if environment.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: "tamis"}
        provider = TracerProvider(resource=Resource.create(called))
        for name in names:
            provider.add_span_processor(BatchSpanProcessor(_exporter(name)))
        return cls(provider)

    def batch(self, batch: Batch) -> None:
        """Show a pass of the model in the trace of each request that was in it."""
        from opentelemetry.context import get_current

        end = time.time_ns()
        start = end - int(batch.seconds * 1e9)
        attributes = {
            "tamis.batch.texts": batch.texts,
            "tamis.batch.tokens": batch.tokens,
            "tamis.batch.requests": len(batch.contexts),
            "tamis.batch.waited_seconds": batch.waited_seconds,
        }
        for context in batch.contexts:
            span = self.tracer.start_span(
                "model pass", context=context.run(get_current), start_time=start, attributes=attributes
            )
            span.end(end)

    def close(self) -> None:
        """Send what is left."""
        self._provider.shutdown()


class RequestSpans:
    """ASGI: a span for each request, in the trace that its `traceparent` names."""

    def __init__(self, app: ASGIApp, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on inside its span."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        from opentelemetry.propagate import extract
        from opentelemetry.trace import SpanKind, Status, StatusCode, use_span

        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        attributes: dict[str, Any] = {
            "http.request.method": scope["method"],
            "url.path": scope["path"],
            "tamis.request_id": scope["tamis.request_id"],
        }
        span = self._traces.tracer.start_span(
            scope["method"], context=extract(headers), kind=SpanKind.SERVER, attributes=attributes
        )
        scope["tamis.trace_id"] = f"{span.get_span_context().trace_id:032x}"

        async def send_noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                span.set_attribute("http.response.status_code", message["status"])
                if message["status"] >= 500:
                    span.set_status(Status(StatusCode.ERROR))
            await send(message)

        with use_span(span, end_on_exit=True):
            await self._app(scope, receive, send_noted)
            route = route_of(scope)
            if route != UNKNOWN_ROUTE:
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)


def _exporter(name: str) -> Any:
    if name == "otlp":  # the variable's own name for what is called so by its package
        name = "otlp_proto_http"
    found = next(iter(entry_points(group="opentelemetry_traces_exporter", name=name)), None)
    if found is None:
        raise UsageError(
            f"there is no OpenTelemetry exporter {name!r} here, which OTEL_… asks for",
            hint="pip install opentelemetry-exporter-otlp-proto-http, or set OTEL_TRACES_EXPORTER=none",
        )
    return found.load()()
