"""The doctor tells what is here, what is not, and the command that adds it."""

from __future__ import annotations

import json

from tamis.core import MissingExtra
from tamis.core.doctor import examine
from tamis.core.extras import extras, install_command


def test_every_extra_has_a_line_and_a_missing_one_its_command(workspace):
    parts = {part.name: part for part in examine(workspace.root)}
    assert {f"extra {extra.name}" for extra in extras()} <= set(parts)
    for part in parts.values():
        assert part.found or part.add
        if part.name.startswith("extra ") and part.state == "missing":
            assert part.add.startswith("pip install")
    assert parts["workspace"].state == "works"


def test_a_broken_workspace_is_said_and_fails(workspace, tamis):
    (workspace.root / "tamis.yaml").write_text("data: 3\n")
    outcome = tamis("doctor", "--json")
    found = {part["name"]: part for part in json.loads(outcome.out)}
    assert found["workspace"]["state"] == "broken"
    assert "data = 3" in found["workspace"]["found"]
    assert outcome.code == 1


def test_without_java_the_line_says_how_to_get_it(workspace, monkeypatch):
    monkeypatch.setenv("PATH", "")
    parts = {part.name: part for part in examine(workspace.root)}
    assert parts["java"].state == "missing"
    assert "apt-get install openjdk" in parts["java"].add


def test_credentials_are_seen_but_never_shown(workspace, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA-SECRET")
    part = next(part for part in examine(workspace.root) if part.name == "aws credentials")
    assert part.state == "works"
    assert "SECRET" not in part.found


def test_a_missing_extra_says_the_same_command_as_the_doctor():
    assert MissingExtra("word clouds", extra="explore").hint == install_command("explore")
