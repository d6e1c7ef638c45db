"""Feedback and captures: labels that come later, beside the answers that they are about."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import polars as pl
import pyarrow.parquet as pq
import pytest

from tamis.decide import Decider, Rule
from tamis.serve import ServeSettings, count_captures, export_captures, open_events

SILENT = Decider(rule=Rule(least_score=1.1))


@pytest.fixture(params=["", "kept"], ids=["sqlite", "parquet"])
def log(request, workspace):
    """The log of a workspace; both kinds."""
    (workspace.root / "tamis.yaml").write_text(f"serve: {{capture_to: '{request.param}'}}\n")
    return open_events(workspace, ServeSettings(capture_to=request.param))


@pytest.fixture
def client(make_linear, open_client, log):
    """Two models that keep: `m` gives one label, `several` any number."""
    several = make_linear(task="multi_label", labels=("loud", "warm", "odd"))
    return open_client({"m": make_linear(), "several": several}, events=log)


def tell(client, told):
    return client.post("/feedback", json=told)


def labels_in(log):
    return [event for _, event in log.read() if event["kind"] == "feedback"]


class TestFeedback:
    """What is taken, and what is not."""

    def test_one_label_is_an_event_of_the_same_log(self, client, log):
        name = client.post("/predict", json={"text": "a"}).json()["predictions"][0]["id"]
        start = datetime.now(UTC).timestamp()
        answer = client.post(
            "/feedback",
            json={"id": name, "label": "odd", "source": "desk:jane", "metadata": {"why": "x"}},
            headers={"x-request-id": "f-1"},
        )
        assert (answer.status_code, answer.json()) == (200, {"request_id": "f-1", "kept": 1})
        ((_, said), (_, event)) = log.read()
        assert start <= event.pop("time") <= datetime.now(UTC).timestamp()
        assert event == {
            "kind": "feedback",
            "id": said["id"],
            "request_id": "f-1",
            "route": None,
            "label": "odd",
            "source": "desk:jane",
            "metadata": {"why": "x"},
        }

    def test_a_list_of_them_with_several_labels_too(self, client, log):
        told = [
            {"id": "1", "label": "bad", "source": "a"},
            {"id": "2", "labels": ["odd", "warm"], "source": "b", "model": "several"},
            {"id": "3", "labels": [], "source": "b"},
        ]
        assert tell(client, told).json()["kept"] == 3
        assert [(event["id"], event.get("label"), event.get("labels")) for event in labels_in(log)] == [
            ("1", "bad", None),
            ("2", None, ["odd", "warm"]),
            ("3", None, []),
        ]

    @pytest.mark.parametrize(
        ("told", "status", "field", "detail"),
        [
            ({"id": "1", "label": "god"}, 422, "label", "no label 'god'. Labels: bad, good, odd. Did you mean 'good'?"),
            ([{"id": "1", "label": "bad"}, {"id": "2", "label": "od"}], 422, "1.label", "Did you mean 'odd'?"),
            ({"id": "1", "labels": ["odd", "lout"]}, 422, "labels.1", "Did you mean 'loud'?"),
            ({"id": "1", "labels": ["odd"], "model": "m"}, 422, "labels", "give `label` instead of `labels`"),
            ({"id": "1", "label": "odd", "model": "several"}, 422, "label", "give `labels` instead of `label`"),
            ({"id": "1", "label": "odd", "model": "n"}, 404, "model", "no model 'n'"),
            ({"id": "1"}, 422, "body", "give `label` or `labels`"),
            ({"id": "1", "label": "odd", "labels": []}, 422, "body", "give `label` or `labels`"),
            ({"id": "", "label": "odd"}, 422, "id", "at least 1 character"),
            ({"id": "1", "label": "odd", "lable": "x"}, 422, "lable", "not permitted"),
            ("odd", 422, "body", "the body: Input should be an object"),
        ],
    )
    def test_what_is_wrong_is_named_and_nothing_is_kept(self, told, status, field, detail, client, log):
        for each in told if isinstance(told, list) else [told]:
            if isinstance(each, dict):
                each["source"] = "x"
        answer = tell(client, told)
        assert (answer.status_code, answer.json()["field"]) == (status, field)
        assert detail in answer.json()["detail"]
        assert labels_in(log) == []

    def test_a_source_is_asked_for(self, client):
        answer = tell(client, {"id": "1", "label": "odd"})
        assert (answer.status_code, answer.json()["field"]) == (422, "source")

    def test_broken_json_is_told(self, client):
        answer = client.post("/feedback", content=b'[{"id": 1')
        assert (answer.status_code, answer.json()["field"]) == (400, "body")

    def test_where_nothing_is_kept_it_says_so(self, make_linear, open_client):
        answer = tell(open_client({"m": make_linear()}), {"id": "1", "label": "odd", "source": "x"})
        assert answer.status_code == 409
        assert "serve.capture" in answer.json()["detail"]


@pytest.fixture
def asked(client):
    """Some answers, and labels for some of them: one right, one wrong, one said twice, one for nobody."""
    said = client.post("/predict", json={"texts": ["bad film", "good", "odd"], "ids": ["a", "b", "c"]}).json()
    more = client.post("/predict", json={"text": "b", "ids": ["b"], "model": "several", "metadata": {"n": 1}}).json()
    client.post("/predict", json={"text": "odd", "ids": ["d"], "threshold": 1.0})
    right = {each["id"]: each["label"] for each in said["predictions"]}
    wrong = next(label for label in ("bad", "good") if label != right["b"])
    tell(
        client,
        [
            {"id": "a", "label": right["a"], "source": "x"},
            {"id": "b", "label": right["b"], "source": "x", "model": "m"},
            {"id": "b", "label": wrong, "source": "y", "model": "m"},
            {"id": "b", "labels": more["predictions"][0]["labels"], "source": "z", "model": "several"},
            {"id": "d", "label": "odd", "source": "x"},
            {"id": "nobody", "label": "odd", "source": "x"},
        ],
    )
    return right, wrong


class TestCaptures:
    """What comes out again."""

    def test_counts(self, client, asked, log):
        counts = count_captures(log)
        one, several = counts.versions
        assert (one.route, one.answers, one.silent, one.fallbacks) == ("m", 4, 1, 0)
        assert (one.labelled_later, one.agreeing, one.disagreeing) == (3, 1, 1)  # the third was a silence
        assert one.reasons == {"confident": 3, "low_confidence": 1}
        assert sum(one.labels.values()) == 3
        assert (several.route, several.answers, several.labelled_later, several.agreeing) == ("several", 1, 1, 1)
        assert (counts.feedback, counts.feedback_without_answer) == (6, 1)

    def test_the_last_label_counts_whether_it_names_the_model_or_not(self, client, log, tmp_path):
        client.post("/predict", json={"text": "odd", "ids": ["a"]})
        tell(client, {"id": "a", "label": "odd", "source": "x", "model": "m"})
        tell(client, {"id": "a", "label": "bad", "source": "y"})
        assert export_captures(log, tmp_path / "out.jsonl").feedback_without_answer == 0
        assert json.loads((tmp_path / "out.jsonl").read_text())["true_label"] == "bad"

    def test_a_parquet_file_that_any_reader_reads(self, client, asked, log, tmp_path):
        right, wrong = asked
        told = export_captures(log, tmp_path / "out.parquet")
        assert (told.rows, told.labelled_later, told.feedback_without_answer) == (5, 4, 1)
        rows = pq.read_table(tmp_path / "out.parquet").to_pylist(maps_as_pydicts="strict")
        assert [(row["id"], row["route"]) for row in rows] == [
            ("a", "m"), ("b", "m"), ("c", "m"), ("b", "several"), ("d", "m"),
        ]  # fmt: skip
        assert [(row["true_label"], row["true_source"]) for row in rows[:3]] == [
            (right["a"], "x"), (wrong, "y"), (None, None),
        ]  # fmt: skip
        assert rows[3]["labels"] == rows[3]["true_labels"]
        assert json.loads(rows[3]["metadata"]) == {"n": 1}
        assert rows[4]["label"] is None
        assert rows[4]["reason"] == "low_confidence"
        assert set(rows[4]["scores"]) == {"bad", "good", "odd"}
        assert abs((rows[0]["true_time"] - rows[0]["time"]).total_seconds()) < 60
        assert pl.read_parquet(tmp_path / "out.parquet").height == 5

    def test_json_lines_hold_the_same(self, client, asked, log, tmp_path):
        assert export_captures(log, tmp_path / "out.jsonl").rows == 5
        rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
        table = [*export_rows(log, tmp_path)]
        for row, same in zip(rows, table, strict=True):
            for name in (
                "id",
                "label",
                "labels",
                "score",
                "scores",
                "reason",
                "true_label",
                "true_labels",
                "text_hash",
            ):
                assert row[name] == same[name]

    def test_the_command_lists_and_exports(self, client, asked, tamis, tmp_path):
        listed = tamis("captures", "list")
        assert listed.code == 0, listed.err
        assert "6 labels came later; 1 of their ids belong to no answer here." in listed.out
        assert "50.0%" in listed.out
        counts = json.loads(tamis("captures", "list", "--json").out)
        assert counts["versions"][0]["reasons"] == {"confident": 3, "low_confidence": 1}
        told = tamis("captures", "export", tmp_path / "out.parquet")
        assert "5 answers, 4 with a label that came later" in told.out
        wrong = tamis("captures", "export", tmp_path / "out.csv")
        assert (wrong.code, "a .parquet or a .jsonl file" in wrong.err) == (2, True)


def export_rows(log, folder):
    export_captures(log, folder / "same.parquet")
    return pq.read_table(folder / "same.parquet").to_pylist(maps_as_pydicts="strict")


def test_a_fallbacks_row_says_who_spoke_and_what_the_model_said(make_linear, open_client, log, tmp_path):
    client = open_client({"m": make_linear(decider=SILENT)}, events=log, chain=[{"label": "odd"}])
    client.post("/predict", json={"text": "x"})
    (row,) = export_rows(log, tmp_path)
    assert (row["label"], row["reason"], row["fallback"], row["score"]) == ("odd", "fallback", "label", None)
    assert json.loads(row["instead_of"])["label"] is None
    assert count_captures(log).versions[0].fallbacks == 1


def test_before_the_first_answer_there_is_nothing(tamis, tmp_path):
    assert "no answers were kept here yet" in tamis("captures", "list").out
    assert tamis("captures", "export", tmp_path / "out.parquet").code == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0
