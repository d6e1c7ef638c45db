"""Plan and builder: what fans out, what maps over it, what gathers it, and the same graph in Python."""

import pytest
from plain_steps import gather, judge, learn, say, write

from tamis.core import UsageError
from tamis.pipeline import Graph, Parameter, Step, build_graph, param, plan, use

WRITE = Step(name="write", uses="plain_steps:write")
LEARN = Step(
    name="learn",
    uses="plain_steps:learn",
    inputs={"file": "write.file"},
    for_each={"family": "${families}", "seed": [1, 2]},
)
FAMILIES = {"families": Parameter(type="list", default=["linear", "encoder"])}


def planned(*steps, given=None, parameters=FAMILIES):
    return {each.name: each for each in plan(Graph(name="x", parameters=parameters, steps=steps), given or {})}


def sources(instance, name):
    return [each.instance for each in instance.inputs[name]]


def test_a_step_fans_out_over_each_combination():
    found = planned(WRITE, LEARN)
    assert list(found) == [
        "write",
        "learn[family=linear,seed=1]",
        "learn[family=linear,seed=2]",
        "learn[family=encoder,seed=1]",
        "learn[family=encoder,seed=2]",
    ]
    assert found["learn[family=encoder,seed=2]"].parameters == {"epochs": 3, "family": "encoder", "seed": 2}
    assert found["learn[family=encoder,seed=2]"].needs == ("write",)


def test_what_takes_one_maps_and_what_takes_a_list_gathers():
    found = planned(
        WRITE,
        LEARN,
        Step(name="judge", uses="plain_steps:judge", inputs={"file": "learn.file", "hint": "write.file"}),
        Step(name="second", uses="plain_steps:judge", inputs={"file": "judge.file", "hint": "learn.file"}),
        Step(name="all", uses="plain_steps:gather", inputs={"files": ["write.file", "second.file"]}),
        Step(
            name="by_family",
            uses="plain_steps:gather",
            inputs={"files": "learn.file"},
        ),
        given={"families": "linear"},
    )
    assert sources(found["judge[family=linear,seed=2]"], "file") == ["learn[family=linear,seed=2]"]
    assert sources(found["judge[family=linear,seed=2]"], "hint") == ["write"]
    assert sources(found["second[family=linear,seed=2]"], "hint") == ["learn[family=linear,seed=2]"]
    assert sources(found["all"], "files") == ["write", "second[family=linear,seed=1]", "second[family=linear,seed=2]"]


def test_a_step_that_fans_out_over_a_part_gathers_the_rest():
    say = Step(
        name="say",
        uses="plain_steps:learn",
        inputs={"file": "write.file"},
        for_each={"family": ["linear", "encoder"]},
        when="max(learn.score) > 0.5",
        after=("learn",),
    )
    found = planned(WRITE, LEARN, say)
    assert found["say[family=encoder]"].needs == (
        "write",
        "learn[family=encoder,seed=1]",
        "learn[family=encoder,seed=2]",
    )
    assert found["say[family=encoder]"].many == ("learn",)


def test_two_fan_outs_of_one_name_must_go_over_the_same():
    other = LEARN.model_copy(update={"name": "other", "for_each": {"seed": [3]}})
    judge = Step(name="judge", uses="plain_steps:judge", inputs={"file": "learn.file", "hint": "other.file"})
    with pytest.raises(
        UsageError, match=r"step 'judge': it fans out over 'seed' twice: \[1, 2\], and by other.file \[3\]"
    ):
        planned(WRITE, LEARN, other, judge)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"families": "[]"},
            r"step 'learn': for_each: there is nothing in 'family' to go over: \$\{families\} is \[\]",
        ),
        ({"families": "linear,linear"}, r"for_each makes learn\[family=linear,seed=1\] twice"),
        ({"families": "linear,3"}, "step 'learn': family = 3: input should be a valid string"),
        ({"family": "linear"}, "x has no parameter 'family'. Parameters: families. Did you mean 'families'?"),
    ],
)
def test_what_is_given_is_checked_before_anything_runs(given, told):
    with pytest.raises(UsageError, match=told):
        planned(WRITE, LEARN, given=given)


def test_a_whole_reference_keeps_its_type_and_inside_a_text_it_is_inserted():
    parameters = {"seed": Parameter(type="int", default=7), "tags": Parameter(type="list", default=["a"])}
    what = {"seed": "${seed}", "name": "run-${seed}", "tags": ["${tags}", "$${seed}"]}
    step = Step(name="say", uses="plain_steps:say", parameters={"what": what})
    (said,) = planned(step, given={"seed": "8"}, parameters=parameters).values()
    assert said.parameters["what"] == {"seed": 8, "name": "run-8", "tags": [["a"], "${seed}"]}


def test_python_makes_the_same_graph_as_a_file():
    start = use(write, text="${epochs} epochs")
    model = use(learn, file=start["file"], epochs=param("epochs")).options(
        for_each={"family": param("families"), "seed": [1, 2]}, retries=2
    )
    judged = use(judge, file=model["file"]).options(name="judged", when=f"{model['score']} > 0.7", after=[start])
    told = use(say, what={"count": model["score"]})
    last = use(gather, files=[judged["file"], start["file"]]).options(on_failure=told)
    parameters = {"epochs": Parameter(type="int", default=3, minimum=1), **FAMILIES}
    graph = build_graph("reviews", [last], parameters=parameters)
    assert graph == Graph(
        name="reviews",
        parameters=parameters,
        steps=(
            Step(name="write", uses="plain_steps:write", parameters={"text": "${epochs} epochs"}),
            Step(
                name="learn",
                uses="plain_steps:learn",
                inputs={"file": "write.file"},
                parameters={"epochs": "${epochs}"},
                for_each={"family": "${families}", "seed": [1, 2]},
                retries=2,
            ),
            Step(
                name="judged",
                uses="plain_steps:judge",
                inputs={"file": "learn.file"},
                when="${learn.score} > 0.7",
                after=("write",),
            ),
            Step(
                name="gather",
                uses="plain_steps:gather",
                inputs={"files": ["judged.file", "write.file"]},
                on_failure="say",
            ),
            Step(name="say", uses="plain_steps:say", parameters={"what": {"count": "${learn.score}"}}),
        ),
    )
    assert Graph.model_validate_json(graph.model_dump_json()) == graph
    assert len(plan(graph, {})) == 1 + 4 + 4 + 1 + 1


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (lambda: use(judge, file=use(write)), r"write is a step: say which of its outputs is meant, write\['…'\]"),
        (lambda: use(judge, file="a.txt"), "judge: the input 'file' is what another step makes, not 'a.txt'"),
        (lambda: use(judge, file=use(write)["fil"]), "pipeline x: step 'judge': write makes no 'fil'"),
        (lambda: use(judge), "pipeline x: step 'judge': the input 'file' of plain_steps:judge is missing"),
        (
            lambda: use(learn, file=use(write)["file"], epochs=0),
            "epochs = 0: input should be greater than or equal to 1",
        ),
        (lambda: use("trian"), "no step named 'trian'"),
    ],
)
def test_mistakes_in_python_are_told(step, told):
    with pytest.raises(UsageError, match=told):
        build_graph("x", [step()])
