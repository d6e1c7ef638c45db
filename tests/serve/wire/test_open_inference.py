"""The Open Inference Protocol, as tritonclient speaks it and as plain JSON."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest

from .conftest import ONE, SEVERAL

triton = pytest.importorskip("tritonclient.http", reason="the client of the protocol: pip install 'tamis[dev]'")
from tritonclient.utils import InferenceServerException  # noqa: E402

TEXTS = ["good film", "", "slow and never bright, 電影"]


@pytest.fixture(scope="module")
def client(serving):
    client = triton.InferenceServerClient(f"127.0.0.1:{serving.port}")
    yield client
    client.close()


def tensor(texts, *, binary=True, shape=None):
    given = triton.InferInput("text", shape or [len(texts)], "BYTES")
    given.set_data_from_numpy(np.array(texts, dtype=object).reshape(shape or [len(texts)]), binary_data=binary)
    return given


def body(texts, **more):
    return {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [len(texts)], "data": texts}], **more}


def test_server_and_models_tell_of_themselves(client, serving):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(ONE)
    assert not client.is_model_ready("nobody")
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    about = client.get_model_metadata(ONE)
    (version,) = about["versions"]
    assert client.is_model_ready(ONE, version)
    assert client.get_model_metadata(ONE, version) == about
    assert about["inputs"] == [{"name": "text", "datatype": "BYTES", "shape": [-1]}]
    assert {each["name"]: each["shape"] for each in about["outputs"]}["scores"] == [-1, 3]


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("shape", [[3], [3, 1]])
def test_tritonclient_gets_what_python_says(client, serving, binary, shape):
    said = serving.classifiers[ONE].predict(TEXTS)
    answer = client.infer(ONE, [tensor(TEXTS, binary=binary, shape=shape)], request_id="mine")
    assert answer.get_response()["id"] == "mine"
    classes = [each.decode() for each in answer.as_numpy("classes")]
    assert [each.decode() for each in answer.as_numpy("label")] == [each.label or "" for each in said]
    assert [each.decode() for each in answer.as_numpy("reason")] == [each.reason for each in said]
    assert np.array_equal(answer.as_numpy("score"), np.float32([each.score for each in said]))
    scores = np.float32([[each.scores[name] for name in classes] for each in said])
    assert np.array_equal(answer.as_numpy("scores"), scores)


def test_only_the_outputs_that_are_wanted_come_as_they_are_wanted(client):
    wanted = [triton.InferRequestedOutput("label", binary_data=False), triton.InferRequestedOutput("score")]
    answer = client.infer(ONE, [tensor(TEXTS)], outputs=wanted)
    label, score = answer.get_response()["outputs"]
    assert label["data"][1] == ""
    assert "data" not in score
    assert answer.as_numpy("score").shape == (3,)
    assert answer.as_numpy("scores") is None


def test_a_version_can_be_asked_and_parameters_count(client, serving):
    version = client.get_model_metadata(SEVERAL)["versions"][0]
    answer = client.infer(SEVERAL, [tensor(["good film"])], model_version=version, parameters={"threshold": 1.0})
    assert answer.get_response()["model_version"] == version
    assert answer.as_numpy("label").tolist() == [b""]
    assert answer.as_numpy("reason").tolist() == [b"low_confidence"]
    answer = client.infer(SEVERAL, [tensor(["good film"])])
    assert json.loads(answer.as_numpy("label")[0]) == list(serving.classifiers[SEVERAL].predict(["good film"])[0].label)


def test_clients_of_mlserver_call_it_as_they_like_and_say_that_it_is_text(serving):
    given = {"name": "input-0", "datatype": "BYTES", "shape": [1, 1], "data": [["good film"]]}
    told = {"inputs": [{**given, "parameters": {"content_type": "str"}}], "parameters": {"content_type": "str"}}
    assert serving.ask(f"/v2/models/{ONE}/infer", told) == serving.ask(f"/v2/models/{ONE}/infer", body(["good film"]))


def test_tritonclient_shows_what_was_wrong(client):
    with pytest.raises(InferenceServerException, match="no model 'nobody'"):
        client.infer("nobody", [tensor(TEXTS)])
    with pytest.raises(InferenceServerException, match="no version '9'"):
        client.infer(ONE, [tensor(TEXTS)], model_version="9")
    with pytest.raises(InferenceServerException, match="expected one, of datatype BYTES"):
        client.infer(ONE, [triton.InferInput("words", [1], "FP32").set_data_from_numpy(np.zeros(1, np.float32))])
    with pytest.raises(InferenceServerException, match="no output 'labels'"):
        client.infer(ONE, [tensor(TEXTS)], outputs=[triton.InferRequestedOutput("labels")])


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({}, "inputs"),
        (body(["a"], parameters={"treshold": 1}), "treshold"),
        (body(["a", 7]), "number 2 is no text"),
        (
            {"inputs": [{"name": "text", "datatype": "BYTES", "shape": [2], "data": ["a"]}]},
            "1 texts, but the shape [2]",
        ),
        ({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [], "data": ["a"]}]}, "the shape []"),
        ({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [1]}]}, "expected `data`"),
        ({"inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1], "data": ["a"]}]}, "shape"),
        ({"inputs": []}, "inputs: none"),
        (body(["a"] * 21), "one request may hold 20"),
    ],
)
def test_what_is_not_understood_is_told(serving, told, says):
    problem = serving.refused(f"/v2/models/{ONE}/infer", told)
    assert says in problem["detail"]
    assert problem["error"] == problem["detail"]


def test_bytes_that_are_no_texts_are_told(serving):
    def ask(binary, *, size=None, count=1, length=None):
        given = {"name": "text", "datatype": "BYTES", "shape": [count], "parameters": {"binary_data_size": len(binary)}}
        if size is not None:
            given["parameters"]["binary_data_size"] = size
        head = json.dumps({"inputs": [given]}).encode()
        length = len(head) if length is None else length
        return serving.refused(f"/v2/models/{ONE}/infer", head + binary, inference_header_content_length=str(length))[
            "detail"
        ]

    fine = struct.pack("<I", 4) + b"good"
    assert "longer than the bytes that came" in ask(struct.pack("<I", 2**32 - 1) + b"good")
    assert "text 2 is longer" in ask(fine + b"\0\0")
    assert "no UTF-8" in ask(struct.pack("<I", 1) + b"\xff")
    assert "it says 9" in ask(fine, size=9)
    assert "1 texts, but the shape [2]" in ask(fine, count=2)
    assert "the body has" in ask(fine, length=10_000)
    assert "the body has" in ask(fine, length=-1)
    assert "no JSON" in ask(fine, length=3)
