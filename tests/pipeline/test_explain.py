"""What changed, in a sentence a human likes."""

import pytest

from tamis.pipeline.explain import ago, changes

DATA = {"kind": "dataset", "ref": "docs@1", "fingerprint": "1"}
RUN = {"kind": "run", "ref": "docs-linear-1", "fingerprint": "5"}
BASE = {
    "code": {"step": "train", "tamis.pipeline.steps.train": "a", "tamis.train": "b", "tamis.data": "c"},
    "settings": {"train": {"epochs": 3, "family": "linear", "schedule": {"warmup": 0.1}}},
    "inputs": {"dataset": DATA, "runs": [RUN]},
    "parameters": {"seed": 1, "fixes": [], "read": {"kind": None, "label": None}},
    "reads": {"constraints.yaml": "0" * 32},
    "environment": {"python": "3.11.7", "torch": "2.13.0"},
}


def with_(part: str, **values: object) -> dict[str, dict[str, object]]:
    return {**BASE, part: {**BASE[part], **values}}


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (BASE, ""),
        (with_("settings", train={**BASE["settings"]["train"], "epochs": 2}), "train.epochs was 3 and is 2"),
        (
            with_("settings", train={**BASE["settings"]["train"], "schedule": {"warmup": 0.2}}),
            "train.schedule.warmup was 0.1 and is 0.2",
        ),
        (with_("parameters", seed=2), "seed was 1 and is 2"),
        (with_("parameters", read={"kind": None, "label": "tag"}), "read.label was null and is tag"),
        (with_("parameters", fixes=["all"]), 'fixes was [] and is ["all"]'),
        (with_("parameters", deploy=True), "deploy is true and was not there"),
        (with_("inputs", dataset={**DATA, "ref": "docs@2", "fingerprint": "2"}), "docs@2 has other rows than docs@1"),
        (with_("inputs", dataset={**DATA, "ref": "docs@2"}), ""),
        (
            with_("inputs", runs=[{**RUN, "ref": "docs-linear-2", "fingerprint": "6"}]),
            "the run docs-linear-2 is another than docs-linear-1",
        ),
        (with_("inputs", runs=[RUN, RUN]), "runs were 1 and are 2"),
        (
            with_("inputs", dataset={"kind": "file", "ref": "a.csv", "fingerprint": "2"}),
            "the file a.csv is another than docs@1",
        ),
        (with_("code", **{"tamis.train": "x"}), "the code of tamis.train changed"),
        (with_("code", **{"tamis.train": "x", "tamis.data": "x"}), "the code of tamis.train and tamis.data changed"),
        (with_("code", step="mine:train"), "it used train and uses mine:train"),
        (with_("reads", **{"constraints.yaml": "1" * 32}), "constraints.yaml changed"),
        (with_("environment", torch="2.14.0"), "torch was 2.13.0 and is 2.14.0"),
        ({**BASE, "environment": {"python": "3.11.7"}}, "torch was 2.13.0 and is there no more"),
        (
            with_("parameters", a=1, b=2, c=3, d=4),
            "a is 1 and was not there; b is 2 and was not there; c is 3 and was not there; and 1 more",
        ),
        (with_("parameters", seed="x" * 100), "seed was 1 and is " + "x" * 59 + "…"),
    ],
)  # fmt: skip
def test_changes(now, said):
    assert changes(BASE, now) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (100, "100 s"), (180, "3 min"), (7200, "2 h"), (30 * 3600, "30 h"), (72 * 3600, "3 days")],
)
def test_ago(seconds, said):
    assert ago(seconds) == said
