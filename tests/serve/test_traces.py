"""Traces: spans of requests and of the model's part in them, when OpenTelemetry's variables ask for them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from tamis.core import UsageError
from tamis.serve import Traces

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.fixture(scope="module")
def exporter():
    return InMemorySpanExporter()


@pytest.fixture(scope="module")
def address(listen, exporter):
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return listen(traces=Traces(provider)).address


def test_a_request_and_its_pass_are_spans_of_the_callers_trace(address, exporter):
    exporter.clear()
    headers = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "order-66"}
    assert httpx.post(f"{address}/predict", json={"texts": ["good", "bad film"]}, headers=headers).status_code == 200
    run, request = exporter.get_finished_spans()
    assert (run.name, request.name) == ("model pass", "POST /predict")
    assert request.kind == SpanKind.SERVER
    assert f"{request.context.trace_id:032x}" == f"{run.context.trace_id:032x}" == TRACE
    assert f"{request.parent.span_id:016x}" == PARENT
    assert run.parent.span_id == request.context.span_id
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["http.route"] == "/predict"
    assert request.attributes["tamis.request_id"] == "order-66"
    assert run.attributes["tamis.batch.texts"] == 2
    assert request.start_time <= run.start_time <= run.end_time <= request.end_time


def test_requests_that_ran_together_each_have_the_pass_in_their_trace(address, exporter):
    exporter.clear()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: httpx.post(f"{address}/predict", json={"text": "good"}), range(8)))
    spans = exporter.get_finished_spans()
    requests = {span.context.span_id: span for span in spans if span.name == "POST /predict"}
    passes = [span for span in spans if span.name == "model pass"]
    assert len(requests) == len(passes) == 8
    assert {span.parent.span_id for span in passes} == set(requests)
    assert len({span.context.trace_id for span in requests.values()}) == 8


def test_a_problem_is_told_but_only_the_servers_own_is_an_error(address, exporter):
    exporter.clear()
    httpx.get(f"{address}/nothing", headers={"traceparent": "rubbish"})
    (span,) = exporter.get_finished_spans()
    assert span.name == "GET"  # the path is the caller's
    assert span.attributes["http.response.status_code"] == 404
    assert span.status.status_code == StatusCode.UNSET
    assert span.parent is None


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_SERVICE_NAME": "x"},
        {"OTEL_TRACES_EXPORTER": "none"},
        {"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_without_being_asked_for_there_are_none(environment):
    assert Traces.from_environment(environment) is None


ONE_SPAN = (
    "from tamis.serve import Traces; t = Traces.from_environment(); t.tracer.start_span('a span').end(); t.close()"
)


def run(code, **variables):
    environment = os.environ | variables
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)


def test_the_exporter_is_chosen_by_the_variables():
    span = json.loads(run(ONE_SPAN, OTEL_TRACES_EXPORTER="console", OTEL_SERVICE_NAME="reviews").stdout)
    assert span["name"] == "a span"
    assert span["resource"]["attributes"]["service.name"] == "reviews"
    with pytest.raises(UsageError, match="no OpenTelemetry exporter 'carrier-pigeon'"):
        Traces.from_environment({"OTEL_TRACES_EXPORTER": "carrier-pigeon"})


def test_an_endpoint_alone_is_enough_for_a_collector():
    came = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            came.append((self.path, gzip.decompress(body) if self.headers["content-encoding"] == "gzip" else body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *words):
            pass

    with HTTPServer(("127.0.0.1", 0), Collector) as collector:
        threading.Thread(target=collector.serve_forever).start()
        run(ONE_SPAN, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{collector.server_port}")
        collector.shutdown()
    ((path, body),) = came
    assert path == "/v1/traces"
    assert b"a span" in body
    assert b"tamis" in body


def test_nothing_of_it_is_imported_unasked():
    code = "import sys, tamis.serve; print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    assert run(code).stdout.strip() == "[]"
