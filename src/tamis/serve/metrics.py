"""Metrics: the numbers of a server process in the form that Prometheus reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tamis.serve.asked import Answered
from tamis.serve.batcher import Batch
from tamis.serve.fleet import Fleet
from tamis.serve.following import Following

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)
_TOKENS = (16, 64, 256, 1024, 2048, 4096, 8192, 16384, 32768, 65536)
UNKNOWN_ROUTE = "none"
"""The route of a request that has none; its path is its sender's and would make a new series each time."""


class Metrics:
    """Counts what a server does, in a registry of its own.

    >>> metrics = Metrics()
    >>> metrics.batch(Batch(texts=3, tokens=40, padding=2, seconds=0.01, waited_seconds=0.0))
    >>> "tamis_batch_texts_sum 3.0" in metrics.response().body.decode()
    True
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._requests = Histogram(
            "tamis_request_seconds",
            "From a request's head to the last byte of its answer.",
            ["route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._batch_texts = self._histogram("tamis_batch_texts", "Texts in one pass of the model.", _TEXTS)
        self._batch_tokens = self._histogram("tamis_batch_tokens", "Tokens in one pass, without padding.", _TOKENS)
        self._batch_seconds = self._histogram("tamis_batch_seconds", "How long one pass took.", _SECONDS)
        self._waited = self._histogram("tamis_queue_seconds", "How long the oldest text of a pass waited.", _SECONDS)
        self._padding = self._counter("tamis_padding_tokens", "Places that the model ran and that hold no token.")
        self._said = self._counter("tamis_labels", "Texts by the label they got.", "model", "version", "label")
        self._silent = self._counter("tamis_abstentions", "Texts that got no label.", "model", "version", "reason")
        self._stepped = self._counter("tamis_fallbacks", "Texts that a fallback answered.", "model", "version", "by")

    def watch(self, fleet: Fleet, following: Following | None = None) -> None:
        """Show the queues and the models of a fleet, and who follows what, as they are when somebody asks."""
        self.registry.register(_FleetMetrics(fleet))
        if following is not None:
            self.registry.register(_FollowingMetrics(following))

    def batch(self, batch: Batch) -> None:
        """Count one pass of a model."""
        self._batch_texts.observe(batch.texts)
        self._batch_tokens.observe(batch.tokens)
        self._batch_seconds.observe(batch.seconds)
        self._waited.observe(batch.waited_seconds)
        if batch.padding:
            self._padding.inc(batch.padding)

    def answered(self, answered: Answered) -> None:
        """Count what was said."""
        model, version = answered.route, answered.version
        for number, each in enumerate(answered.predictions):
            if number in answered.fallbacks:
                self._stepped.labels(model, version, answered.fallbacks[number].by).inc()
            if each.label is None:
                self._silent.labels(model, version, each.reason).inc()
            for label in (each.label,) if isinstance(each.label, str) else each.label or ():
                self._said.labels(model, version, label).inc()

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(route, str(status)).observe(seconds)

    def response(self) -> Response:
        """Return all numbers, as Prometheus reads them."""
        return Response(generate_latest(self.registry), media_type=CONTENT_TYPE_LATEST)

    def _histogram(self, name: str, told: str, buckets: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, buckets=buckets, registry=self.registry)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)


class _FleetMetrics(Collector):
    """Reads queues and models when somebody asks, so that requests pay nothing for it."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    def collect(self) -> Iterator[Metric]:
        """Yield the gauges."""
        names = ["model", "version", "role"]
        queue = GaugeMetricFamily("tamis_queue_texts", "Texts that wait for the model.", labels=names)
        share = GaugeMetricFamily("tamis_model_share", "The version's share of its name's traffic.", labels=names)
        more = ["run", "family", "engine", "precision"]
        info = GaugeMetricFamily("tamis_model_info", "What is served; always 1.", labels=[*names, *more])
        for model, route in list(self._fleet.routes.items()):
            total = sum(weight for _, weight in route.shares)
            served = [(each, "live", weight / total) for each, weight in route.shares]
            served += [(route.shadow, "shadow", 0.0)] if route.shadow else []
            for each, role, part in served:
                labels = [model, each.version, role]
                told = each.describe()
                queue.add_metric(labels, each.batcher.waiting_texts)
                share.add_metric(labels, part)
                info.add_metric([*labels, *(str(told[name]) for name in more)], 1)
        yield from (queue, share, info)


class _FollowingMetrics(Collector):
    """Reads who follows what when somebody asks."""

    def __init__(self, following: Following) -> None:
        self._following = following

    def collect(self) -> Iterator[Metric]:
        """Yield the gauge."""
        help_text = "Whether a name serves what its alias names; 0 while it cannot follow."
        gauge = GaugeMetricFamily("tamis_following", help_text, labels=["model", "alias", "serves"])
        for name, told in self._following.describe().items():
            labels = [name, str(told["follows"]), str(told["serves"] or "")]
            gauge.add_metric(labels, 0 if told["trouble"] else 1)
        yield gauge


class RequestTimes:
    """ASGI: times each request, by route and status."""

    def __init__(self, app: ASGIApp, metrics: Metrics, *, clock: Callable[[], float] = time.perf_counter) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and count it when its answer is out."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = self._clock()
        status = 0

        async def send_noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        finally:
            self._metrics.request(route_of(scope), status, self._clock() - start)


def route_of(scope: Scope) -> str:
    """Return the path of a request's route as it was declared, with the names of its parameters."""
    return getattr(scope.get("route"), "path", UNKNOWN_ROUTE)
