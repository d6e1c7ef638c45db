"""The documentation of the API: complete, true (schemathesis tries it), and shown without any other host."""

from __future__ import annotations

import json
import re

import httpx
import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tamis.core import plugins
from tamis.serve import ServeSettings

TRUE = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture(scope="module")
def address(listen, tmp_path_factory):
    events = plugins.load("events", "sqlite")(str(tmp_path_factory.mktemp("events") / "answers.sqlite"))
    return listen(ServeSettings(max_texts=20, max_body_bytes=100_000), events=events).address


@pytest.fixture(scope="module")
def told(address):
    return httpx.get(f"{address}/openapi.json").json()


def version(address):
    return httpx.get(f"{address}/info").json()["models"]["tiny"]["versions"][0]["version"]


def operations(told):
    return [(path, method, each) for path, methods in told["paths"].items() for method, each in methods.items()]


def test_every_operation_explains_itself(told):
    assert len(operations(told)) > 10
    for path, method, each in operations(told):
        assert each["summary"], path
        assert each["tags"], path
        assert min(each["responses"]) < "300", path
        content = [answer.get("content") for status, answer in each["responses"].items() if status in ("200", "201")]
        assert all(content), f"{method} {path} does not say what it answers"


def test_every_body_has_examples_that_are_answered(told, address):
    tried = 0
    for path, method, each in operations(told):
        for kind, content in each.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            if kind == "application/octet-stream":
                continue
            examples = [example["value"] for example in content.get("examples", {}).values()]
            examples += [content["example"]] if "example" in content else []
            for part in (schema, *schema.get("oneOf", ()), *schema.get("anyOf", ())):
                examples += part.get("examples", [])
            assert examples, f"{path} has no example of {kind}"
            if path.startswith(("/models", "/label-studio", "/feedback")):  # of keys, projects and labels not here
                continue
            for example in examples:
                body = example if isinstance(example, str) else json.dumps(example)
                place = path.replace("{model}", "tiny").replace("{version}", version(address))
                said = httpx.request(method, address + place, content=body, headers={"content-type": kind})
                assert said.status_code == 200, (path, body, said.text)
                tried += 1
    assert tried > 10


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "count"), [("positive", 12), ("negative", 4)])
def test_what_it_says_is_true(address, mode, count):
    """Schemathesis makes requests that fit the schema, or break it, and compares the answers with it."""
    real = {"model": "tiny", "version": version(address)}
    tried = 0
    for found in schemathesis.openapi.from_url(f"{address}/openapi.json").get_all_operations():
        operation = found.ok()
        if mode == "negative" and not operation.body:
            continue  # nothing of it can be broken
        places = {each.name: real[each.name] for each in operation.path_parameters if each.name in real}

        @hypothesis.settings(
            max_examples=count, database=None, derandomize=True, suppress_health_check=list(hypothesis.HealthCheck)
        )
        @hypothesis.given(case=operation.as_strategy(schemathesis.GenerationMode(mode), path_parameters=places or None))
        def try_it(case):
            nonlocal tried
            tried += 1
            case.call_and_validate(checks=TRUE)

        try_it()
    assert tried > 30


def test_the_page_needs_no_other_host(address):
    page = httpx.get(f"{address}/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert not re.findall(r"(?:src|href)=[\"'](?!#)", page.text)
    assert not re.findall(r"https?://", page.text)
    assert "openapi.json" in page.text
