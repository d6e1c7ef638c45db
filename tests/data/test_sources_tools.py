"""Exports of labelling tools: Label Studio (JSON, JSON-MIN, CSV) and doccano."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def export(tmp_path, read):
    """Writes an export and reads it."""

    def write(content, name="a.json", **options):
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return read(path, **options)

    return write


def choice(*names, control="sentiment"):
    return {"from_name": control, "to_name": "text", "type": "choices", "value": {"choices": list(names)}}


def span(start, end, label, text=None):
    value = {"start": start, "end": end, "labels": [label]} | ({"text": text} if text else {})
    return {"from_name": "entities", "to_name": "text", "type": "labels", "value": value}


def task(number, text, *annotations, **data):
    return {"id": number, "data": {"text": text, **data}, "annotations": list(annotations)}


def by(who, *result, number=1, **more):
    return {"id": number, "completed_by": who, "result": list(result), **more}


class TestLabelStudio:
    """Tasks with annotations."""

    def test_one_choice_a_row_is_single_label(self, export):
        found = export([task(1, "good", by(7, choice("Pos"))), task(2, "bad", by(7, choice("Neg")))])
        schema = found.source.schema
        assert (found.source.kind, schema.text, schema.label) == ("label-studio", ("text",), ("sentiment",))
        assert (schema.label_form, schema.id, schema.group, schema.annotator) == ("value", "id", None, "annotator")
        assert [(row["id"], row["sentiment"], row["annotator"]) for row in found.rows] == [
            ("1", "Pos", "7"),
            ("2", "Neg", "7"),
        ]

    def test_several_choices_are_multi_label(self, export):
        found = export([task(1, "good", by(7, choice("a", "b"))), task(2, "bad", by(7, choice("a")))])
        assert found.source.schema.label_form == "list"
        assert [row["sentiment"] for row in found.rows] == [["a", "b"], ["a"]]

    def test_each_annotation_is_a_row_and_the_task_their_group(self, export):
        found = export(
            [task(1, "so so", by(7, choice("Pos")), by({"id": 8, "email": "b@x.org"}, choice("Neg"), number=12))]
        )
        assert found.source.schema.group == "task"
        assert [(row["id"], row["task"], row["sentiment"], row["annotator"]) for row in found.rows] == [
            ("1", "1", "Pos", "7"),
            ("1-12", "1", "Neg", "b@x.org"),
        ]

    def test_skipped_and_untouched_tasks_are_unlabelled_rows(self, export):
        found = export([task(1, "a"), task(2, "b", by(7, was_cancelled=True)), task(3, "c", by(7, choice("x")))])
        assert [(row["id"], row["sentiment"]) for row in found.rows] == [("1", None), ("2", None), ("3", "x")]

    def test_spans_counted_as_a_browser_does_are_turned_into_letters(self, export):
        found = export([task(1, "🙂🙂 Aspirin helps", by(7, span(5, 12, "Drug", "Aspirin")))])
        row = found.rows[0]
        assert row["entities"] == [{"start": 3, "end": 10, "label": "Drug"}]
        assert row["text"][3:10] == "Aspirin"
        assert found.source.schema.label_form == "spans"

    def test_nothing_marked_is_an_answer_too(self, export):
        found = export([task(1, "Aspirin", by(7, span(0, 7, "Drug"))), task(2, "none here", by(7)), task(3, "open")])
        assert [row["entities"] for row in found.rows] == [[{"start": 0, "end": 7, "label": "Drug"}], [], None]

    @pytest.mark.parametrize(
        ("wrong", "reason"),
        [
            (span(0, 99, "X"), "the span 0-99 (X) lies outside of its text of 5 letters"),
            (span(0, 2, "X", "else"), "the span 0-2 (X) is 'sh' here, but 'else' in the export"),
        ],
    )
    def test_a_span_that_cannot_be_is_a_rejected_row(self, export, wrong, reason):
        found = export([task(1, "short", by(7, wrong)), task(2, "fine", by(7, span(0, 4, "X")))])
        assert [row["id"] for row in found.rows] == ["2"]
        assert [(reject.row, reject.reason) for reject in found.rejects] == [(1, reason)]

    def test_controls_beside_the_label_and_other_data_are_kept(self, export):
        rating = {"from_name": "stars", "type": "rating", "value": {"rating": 4}}
        note = {"from_name": "note", "type": "textarea", "value": {"text": ["fine"]}}
        found = export([task(1, "good", by(7, rating, choice("Pos"), note, span(0, 4, "X")), source="web", stars=1)])
        row = found.rows[0]
        assert (row["stars"], row["data.stars"], row["note"], row["source"]) == (4, 1, "fine", "web")
        assert found.source.schema.label == ("sentiment",)

    def test_json_min(self, export):
        about = {"annotation_id": 1, "annotator": 7, "lead_time": 1.5, "created_at": "2024-01-01"}
        entities = [{"start": 0, "end": 4, "text": "good", "labels": ["X"]}]
        found = export(
            [
                {"text": "good", "source": "web", "id": 1, "sentiment": "Pos", "entities": entities} | about,
                {"text": "bad", "source": "web", "id": 2, "sentiment": {"choices": ["Neg", "Sad"]}} | about,
            ]
        )
        assert found.source.kind == "label-studio"
        assert [row["sentiment"] for row in found.rows] == [["Pos"], ["Neg", "Sad"]]
        assert found.rows[0]["entities"] == [{"start": 0, "end": 4, "label": "X"}]
        assert found.rows[0]["source"] == "web"

    def test_csv(self, export):
        entities = json.dumps([{"start": 0, "end": 4, "text": "good", "labels": ["X"]}]).replace('"', '""')
        found = export(
            f'text,id,sentiment,entities,annotator,annotation_id,lead_time\n"good, one",1,Pos,"{entities}",7,1,2\n'
            'bad,2,"{""choices"": [""a"", ""b""]}",,7,2,2\n',
            name="a.csv",
            kind="label-studio",
        )
        assert [(row["text"], row["sentiment"]) for row in found.rows] == [("good, one", ["Pos"]), ("bad", ["a", "b"])]
        assert found.rows[0]["entities"] == [{"start": 0, "end": 4, "label": "X"}]

    def test_an_import_keeps_annotators(self, export, tamis, tmp_path):
        export([task(1, "good", by(7, choice("Pos")), by(8, choice("Neg"), number=2))])
        assert tamis("data", "import", tmp_path / "a.json", "--name", "a").code == 0
        shown = json.loads(tamis("data", "show", "a", "--json").out)
        assert {"id", "text", "label", "group", "annotator"} <= set(shown["columns"])

    def test_what_is_no_export(self, export, tamis, tmp_path):
        export([{"a": 1}])
        outcome = tamis("data", "import", tmp_path / "a.json", "--kind", "doccano", "--name", "a")
        assert outcome.code == 2
        assert "is no export of doccano" in outcome.err


class TestDoccano:
    """JSON lines, one a document."""

    def test_classes(self, export):
        found = export(
            '{"id": 1, "data": "a", "label": ["x"]}\n{"id": 2, "data": "b", "label": []}\n', "a.jsonl", kind="doccano"
        )
        assert found.rows == [{"text": "a", "label": "x", "id": 1}, {"text": "b", "label": None, "id": 2}]
        assert (found.source.schema.label_form, found.source.schema.id) == ("value", "id")

    def test_several_classes(self, export):
        found = export('{"text": "a", "label": ["x", "y"]}\n{"text": "b", "label": []}\n', "a.jsonl", kind="doccano")
        assert [row["label"] for row in found.rows] == [["x", "y"], None]
        assert found.source.schema.label_form == "list"

    @pytest.mark.parametrize(
        "labels",
        [
            {"label": [[8, 13, "LOC"], [0, 3, "ORG"]]},
            {
                "entities": [
                    {"id": 4, "label": "LOC", "start_offset": 8, "end_offset": 13},
                    {"id": 3, "label": "ORG", "start_offset": 0, "end_offset": 3},
                ],
                "relations": [],
            },
        ],
    )
    def test_spans_are_known_by_their_form(self, export, labels):
        found = export(json.dumps({"id": 1, "text": "EU? in 🙂Paris", **labels}) + "\n", "a.jsonl")
        assert found.source.kind == "doccano"
        assert found.rows[0]["label"] == [
            {"start": 0, "end": 3, "label": "ORG"},
            {"start": 8, "end": 13, "label": "LOC"},
        ]
        assert found.rows[0]["text"][8:13] == "Paris"

    def test_a_span_outside_of_its_text_is_rejected(self, export):
        found = export('{"text": "a", "label": [[0, 9, "X"]]}\n{"text": "ab", "label": [[0, 2, "X"]]}\n', "a.jsonl")
        assert [(reject.row, reject.reason) for reject in found.rejects] == [
            (1, "the span 0-9 (X) lies outside of its text of 1 letters")
        ]
        assert found.numbers == [2]
