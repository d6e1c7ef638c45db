"""pipeline.yaml: what it says becomes a graph, and each mistake is told with file, line, key and the nearest name."""

import json

import pytest
import yaml

from tamis.core import TamisError, UsageError
from tamis.pipeline import Graph, graph_schema, read_graph

GOOD = """\
name: reviews
parameters:
  epochs: {type: int, default: 3, minimum: 1}
  families: {type: list, default: [linear, encoder]}
steps:
  - name: write
    uses: plain_steps:write
    parameters:
      text: "seed ${epochs}"
  - name: learn
    uses: plain_steps:learn
    inputs:
      file: write.file
    parameters:
      epochs: ${epochs}
    for_each:
      family: ${families}
    retries: 2
  - name: gather
    uses: plain_steps:gather
    inputs:
      files: learn.file
    when: max(learn.score) > 0.7
"""


@pytest.fixture
def read(tmp_path):
    def of(text):
        (tmp_path / "pipeline.yaml").write_text(text)
        return read_graph(tmp_path / "pipeline.yaml")

    return of


def test_a_file_becomes_a_graph_and_the_graph_json_and_back(read):
    graph = read(GOOD)
    assert [step.name for step in graph.steps] == ["write", "learn", "gather"]
    assert graph.steps[1].retries == 2
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
    assert read(graph.model_dump_json(indent=1)) == graph, "JSON is read too"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("uses: plain_steps:gather", "use: plain_steps:gather", "line 20: unknown key 'steps.2.use'"),
        ("retries: 2", "retry: 2", "line 18: unknown key 'steps.1.retry'"),
        ("retries: 2", "retries: -1", "line 18: steps.1.retries = -1: input should be greater than or equal to 0"),
        ("retries: 2", "timeout_seconds: soon", "line 18: steps.1.timeout_seconds = 'soon'"),
        ("type: int", "type: integer", "line 3: parameters.epochs.type = 'integer'"),
        ("default: 3", "default: 0", "line 3: parameter 'epochs': its default: 0 is below the minimum, 1"),
        ("default: 3", "default: many", "its default: 'many' is not a whole number"),
        ("minimum: 1", "minimum: 9, maximum: 2", "its minimum 9 is above its maximum 2"),
        ("name: gather", "name: learn", "line 19: two steps are called 'learn', the first is step 2"),
        ("name: gather", "name: to-gather", "line 19: a step's name is letters, digits and _, not 'to-gather'"),
        (
            "plain_steps:gather",
            "plain_steps:gathr",
            "line 20: step 'gather': no step 'plain_steps:gathr'. Did you mean 'gather'?",
        ),
        ("plain_steps:gather", "plane_steps:gather", "No module named 'plane_steps'"),
        ("plain_steps:gather", "plain_steps:no_step", "plain_steps:no_step is no step\n  put @tamis.pipeline.step"),
        ("uses: plain_steps:write", "uses: imprt", "line 7: step 'write': no step named 'imprt'. Installed: "),
        ("file: write.file", "file: wrote.file", "line 13: step 'learn': it uses 'wrote.file', and there is no step"),
        ("file: write.file", "file: write.fil", "write makes no 'fil'. It makes: file, length. Did you mean 'file'?"),
        ("file: write.file", "file: write", "line 13: step 'learn': an input reads step.output, not 'write'"),
        ("file: write.file", "file: [write.file]", "the input 'file' takes one artefact, and a list is given"),
        ("file: write.file", "fil: write.file", "plain_steps:learn has no input 'fil'. Inputs: file. Did you mean"),
        (
            "file: write.file",
            "seed: write.file",
            "has no input 'seed'. Inputs: file. It is a parameter: write it under",
        ),
        ("inputs:\n      file: write.file", "after: [write]", "the input 'file' of plain_steps:learn is missing"),
        ("epochs: ${epochs}", "epoch: 3", "line 15: step 'learn': plain_steps:learn has no parameter 'epoch'. "),
        ("epochs: ${epochs}", "file: 3", "has no parameter 'file'. Parameters: epochs, family, seed. It is an input"),
        (
            "epochs: ${epochs}",
            "epochs: many",
            "line 15: step 'learn': epochs = 'many': input should be a valid integer",
        ),
        ("epochs: ${epochs}", "epochs: 0", "epochs = 0: input should be greater than or equal to 1"),
        ("epochs: ${epochs}", "epochs: 101", "epochs = 101: input should be less than or equal to 100"),
        ("epochs: ${epochs}", "epochs: ${epoch}", "'epoch' is no parameter of the graph. Parameters: epochs, families"),
        ("epochs: ${epochs}", "epochs: ${write.size}", "write makes no 'size'. It makes: file, length."),
        ("epochs: ${epochs}", "epochs: ${epo chs}", "${epo chs} cannot be read: write ${parameter} or ${step.output}"),
        ("epochs: ${epochs}", "family: ${families}", "'family' is given by for_each and by parameters"),
        (
            "family: ${families}",
            "family: []",
            "line 17: step 'learn': for_each: there is nothing in 'family' to go over",
        ),
        ("family: ${families}", "families: [a]", "has no parameter 'families'. Parameters: epochs, family, seed. Did"),
        ("family: ${families}", "family: linear", "for_each takes a list or a parameter that is one, ${families}"),
        ("family: ${families}", "family: ${epochs}", "takes a list, and the parameter 'epochs' is of type int"),
        ("family: ${families}", "epochs: [3, 0]", "'epochs' is given by for_each and by parameters"),
        ("family: ${families}", "seed: [1, x]", "line 17: step 'learn': seed = 'x': input should be a valid integer"),
        ("family: ${families}", "family: ['${write.length}']", "for_each cannot go over what a step makes"),
        ("when: max", "when: maxi", "line 23: step 'gather': the condition 'maxi(learn.score) > 0.7' cannot be read"),
        ("learn.score)", "learn.scor)", "learn makes no 'scor'. It makes: file, score. Did you mean 'score'?"),
        ("when: max(learn.score) > 0.7", "after: [lern]", "it runs after 'lern', and there is no such step. Did you"),
        (
            "retries: 2",
            "on_failure: gathr",
            "line 18: step 'learn': on_failure is stop, continue or the name of a step",
        ),
        ("retries: 2", "on_failure: learn", "on_failure names the step itself; to run it again, give it retries"),
        ('text: "seed ${epochs}"', "name: ${gather.count}", "steps wait for one another in a circle: "),
        ("name: reviews", "name: [", "pipeline.yaml is not YAML"),
        ("name: reviews\n", "", "name = {"),
    ],
)
def test_mistakes_are_told_where_they_stand(read, old, new, told):
    assert old in GOOD
    with pytest.raises(UsageError) as refused:
        read(GOOD.replace(old, new))
    assert told in str(refused.value)
    assert str(refused.value).startswith(("pipeline.yaml", "config"))


def test_the_circle_is_named(read):
    with pytest.raises(
        UsageError, match="line 6: steps wait for one another in a circle: write → gather → learn → write"
    ):
        read(GOOD.replace('text: "seed ${epochs}"', "name: ${gather.count}"))


def test_a_required_parameter_that_is_missing_is_told(read):
    with pytest.raises(
        UsageError, match=r"line 3: step 'nap': the parameter 'seconds' of plain_steps:sleep is missing"
    ):
        read("name: x\nsteps:\n  - name: nap\n    uses: plain_steps:sleep\n")


def test_a_graph_without_steps_is_told(read):
    with pytest.raises(UsageError, match="there are no steps"):
        read("name: x\nsteps: []\n")


def test_all_mistakes_are_told_at_once(read):
    with pytest.raises(UsageError) as refused:
        read(GOOD.replace("write.file", "wrote.file").replace("learn.score)", "learn.scor)"))
    assert [line.partition(":")[0] for line in str(refused.value).splitlines()] == [
        "pipeline.yaml, line 13",
        "pipeline.yaml, line 23",
    ]


def test_a_file_that_is_not_there_is_told(tmp_path):
    with pytest.raises(TamisError, match=r"cannot read .*pipeline.yaml: No such file"):
        read_graph(tmp_path / "pipeline.yaml")


def test_steps_may_stand_beside_the_file_and_what_is_wrong_with_them_is_told(read, tmp_path):
    (tmp_path / "steps_beside.py").write_text(
        "from tamis.pipeline import step\n@step(outputs=('a',))\ndef make(context, n: int = 1):\n    return {'a': n}\n"
    )
    graph = read("name: x\nsteps: [{name: a, uses: 'steps_beside:make', parameters: {n: 3}}]\n")
    assert graph.steps[0].parameters == {"n": 3}
    (tmp_path / "steps_broken.py").write_text("1 / 0\n")
    with pytest.raises(UsageError, match="no step 'steps_broken:make': ZeroDivisionError: division by zero"):
        read("name: x\nsteps: [{name: a, uses: 'steps_broken:make'}]\n")
    (tmp_path / "steps_torn.py").write_text(
        "from tamis.pipeline import step\n@step(outputs=())\ndef make(context, n: 'Nowhere'):\n    return {}\n"
    )
    with pytest.raises(UsageError, match="annotations of steps_torn:make cannot be read: NameError"):
        read("name: x\nsteps: [{name: a, uses: 'steps_torn:make'}]\n")
    (tmp_path / "steps_odd.py").write_text(
        "from tamis.pipeline import Artefact, step\n"
        "@step(outputs=())\ndef make(context, n: dict[str, Artefact]):\n    return {}\n"
    )
    with pytest.raises(UsageError, match="the argument 'n' of steps_odd:make cannot be an input as it is annotated"):
        read("name: x\nsteps: [{name: a, uses: 'steps_odd:make'}]\n")


def test_the_schema_knows_the_keys():
    schema = graph_schema()
    assert json.dumps(schema)
    step = schema["$defs"]["Step"]["properties"]
    assert {"name", "uses", "inputs", "for_each", "on_failure"} <= step.keys()
    assert "timeout" in step["timeout_seconds"]["description"]
    assert yaml.safe_load(GOOD)["steps"][0].keys() <= step.keys()
