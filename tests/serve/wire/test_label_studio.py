"""Label Studio's backend: a recorded contract, for its server is an installation of its own."""

from __future__ import annotations

import pytest

from tamis.core import plugins
from tamis.serve import ServeSettings

from .conftest import ONE, SEVERAL, serve

CONFIG = """
<View>
  <!-- what people see -->
  <Text name="film" value="$review"/>
  <Choices name="tone" toName="film" choice="single">
    <Choice value="bad"/><Choice value="good"/><Choice value="Odd one" alias="odd"/>
  </Choices>
</View>
"""


def tasks(*texts):
    """What Label Studio 1.2x sends for these texts."""
    return {
        "tasks": [{"id": number, "data": {"review": text, "stars": 3}} for number, text in enumerate(texts, 1)],
        "model_version": None,
        "project": "3.1700000000",
        "label_config": CONFIG,
        "params": {"login": None, "password": None, "context": None},
    }


def annotated(task, *choices, action="ANNOTATION_CREATED", **more):
    """What Label Studio 1.2x tells of an annotation."""
    region = {
        "id": "a1",
        "from_name": "tone",
        "to_name": "film",
        "type": "choices",
        "value": {"choices": list(choices)},
    }
    note = {"id": 9, "from_name": "note", "to_name": "film", "type": "textarea", "value": {"text": ["hm"]}}
    return {
        "action": action,
        "task": {"id": task, "data": {"review": "good film"}},
        "project": {"id": 3, "title": "Films", "label_config": CONFIG},
        "annotation": {"id": 5, "result": [note, region], "was_cancelled": False, "completed_by": 1} | more,
    }


def test_health_and_setup_tell_what_answers(serving):
    assert serving.client.get("/label-studio/health").json()["status"] == "UP"
    setup = {"project": "3.1700000000", "schema": CONFIG, "hostname": "http://here", "access_token": "t"}
    version = serving.client.get("/info").json()["models"][ONE]["versions"][0]["version"]
    assert serving.ask("/label-studio/setup", setup) == {"model_version": version}


def test_a_task_gets_its_choice_and_a_silence_an_empty_result(serving):
    answer = serving.ask("/label-studio/predict", tasks("good film", ""))
    said = serving.classifiers[ONE].predict(["good film", ""])
    region = {"from_name": "tone", "to_name": "film", "type": "choices", "value": {"choices": [said[0].label]}}
    first, second = answer["results"]
    assert first["result"] == [region]
    assert first["score"] == said[0].score
    assert first["model_version"] == answer["model_version"]
    assert (second["result"], second["reason"]) == ([], "empty")


def test_several_labels_are_several_choices(serving_several):
    said = serving_several.classifiers[SEVERAL].predict(["good bad film"])[0]
    answer = serving_several.ask("/label-studio/predict", tasks("good bad film"))
    regions = answer["results"][0]["result"]
    assert [choice for region in regions for choice in region["value"]["choices"]] == list(said.label)


def test_an_annotation_is_the_true_label_of_the_answer_to_its_task(make_linear, tmp_path):
    log = plugins.load("events", "sqlite")(tmp_path / "answers.sqlite")
    with serve({ONE: make_linear()}, ServeSettings(), events=log) as serving:
        serving.ask("/label-studio/predict", tasks("good film", "bad"))
        assert serving.post("/label-studio/webhook", annotated(2, "odd")).status_code == 201
        for passed_over in (
            annotated(2, "odd", was_cancelled=True),
            annotated(2),
            annotated(2, "odd", "bad"),
            annotated(2, "odd", action="ANNOTATIONS_DELETED"),
            {"action": "PROJECT_UPDATED", "project": {"id": 3}},
        ):
            assert serving.ask("/label-studio/webhook", passed_over) == {"status": "ignored"}
        assert "no label 'ood'" in serving.refused("/label-studio/webhook", annotated(2, "ood"))["detail"]
    events = [event for _, event in log.read()]
    log.close()
    assert [(event["kind"], event["id"]) for event in events] == [
        ("prediction", "label-studio-3-1"),
        ("prediction", "label-studio-3-2"),
        ("feedback", "label-studio-3-2"),
    ]
    assert (events[2]["label"], events[2]["source"]) == ("odd", "label-studio")


def test_where_nothing_is_kept_an_annotation_is_not_either(serving):
    assert serving.refused("/label-studio/webhook", annotated(1, "good"))["status"] == 409


@pytest.mark.parametrize(
    ("config", "says"),
    [
        (CONFIG.replace('alias="odd"', ""), "no choice 'odd' in 'tone'"),
        (CONFIG.replace('toName="film"', 'toName="picture"'), "expected a `Choices` about a `Text`"),
        (CONFIG.replace("</View>", ""), "no XML"),
        ('<!DOCTYPE x [<!ENTITY a "aa">]><View>&a;</View>', "declares something"),
        (CONFIG.replace("$review", "$body"), "tasks.0.data: no 'body'"),
    ],
)
def test_a_configuration_that_does_not_fit_is_told(serving, config, says):
    assert says in serving.refused("/label-studio/predict", tasks("good") | {"label_config": config})["detail"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"tasks": [{"id": 1}]}, "tasks.0.data"),
        ({"tasks": [{"id": 1, "data": {"review": ["good"]}}]}, "tasks.0.data"),
        ({"tasks": [{"id": 1, "data": {"review": "good"}}] * 21}, "one request may hold 20"),
        ({"label_config": None}, "label_config"),
    ],
)
def test_what_is_not_understood_is_told(serving, change, says):
    assert says in serving.refused("/label-studio/predict", tasks("good") | change)["detail"]
