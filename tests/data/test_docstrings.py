"""demo:docstrings: text that every Python has, read without importing any of it."""

from __future__ import annotations

import sys
from collections import Counter

import pytest

from tamis.core import DataError, Silent
from tamis.data.sources.docstrings import TOPICS, DocstringSource


def library(tmp_path, **files: str):
    for name, text in files.items():
        path = tmp_path / f"{name.replace('__', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return DocstringSource(library=tmp_path)


def rows(source):
    return [row for batch in source.batches(Silent()) for row in batch.table.to_pylist()]


def test_modules_classes_and_functions_are_rows_under_their_qualified_names(tmp_path):
    code = (
        '"""Of JSON."""\nclass A:\n    """A class.\n\n        indented\n    """\n    async def b(self):\n        "B."\n'
    )
    found = rows(library(tmp_path, json__inner=code))
    assert [row["id"] for row in found] == ["json.inner", "json.inner.A", "json.inner.A.b"]
    assert [row["kind"] for row in found] == ["module", "class", "function"]
    assert found[1]["text"] == "A class.\n\nindented"
    assert {row["topic"] for row in found} == {"files"}
    assert {row["module"] for row in found} == {"json.inner"}


def test_one_name_defined_twice_gives_two_ids(tmp_path):
    code = 'class A:\n    @property\n    def x(self): "Get."\n    @x.setter\n    def x(self, v): "Set."\n'
    assert [row["id"] for row in rows(library(tmp_path, re=code))] == ["re.A.x", "re.A.x#2"]


def test_definitions_under_conditions_are_found_and_nothing_runs(tmp_path):
    code = 'raise SystemExit("imported!")\nif True:\n    try:\n        def f(): "F."\n    except E:\n        pass\n'
    assert [row["text"] for row in rows(library(tmp_path, socket=code))] == ["F."]


def test_modules_without_a_topic_and_tests_are_left_out(tmp_path):
    found = library(tmp_path, antigravity='"fly"', unittest__test__case='"a test"', json='"kept"', string='""')
    assert [row["text"] for row in rows(found)] == ["kept"]


def test_a_python_without_sources_is_told(tmp_path):
    with pytest.raises(DataError, match="no Python sources"):
        DocstringSource(library=tmp_path).head()


@pytest.mark.slow
def test_this_python_gives_at_least_3000_rows_of_unequal_topics():
    before = set(sys.modules)
    found = rows(DocstringSource())
    assert not {"turtle", "tkinter", "antigravity"} & (set(sys.modules) - before)
    topics = Counter(row["topic"] for row in found)
    assert len(found) >= 3000
    assert set(topics) == set(TOPICS)
    assert max(topics.values()) > 3 * min(topics.values())
    assert len({row["id"] for row in found}) == len(found)
    assert all(row["text"].strip() for row in found)
