"""Fallbacks and thresholds over HTTP: who answers where the model keeps silent, and that its scores are never lost."""

from __future__ import annotations

import pytest

from tamis.core import UsageError
from tamis.decide import Decider, Rule
from tamis.serve import FallbackSettings, ServeSettings

SILENT = Decider(rule=Rule(least_score=1.1))
SILENT_SOME = Decider(rule=Rule(empty="silent", thresholds={"bad": 1.1, "good": 1.1, "odd": 1.1}))
LABELS = {"bad", "good", "odd"}


def ask(client, *texts, **more):
    answer = client.post("/predict", json={"texts": texts, "scores": True, **more})
    assert answer.status_code == 200, answer.text
    return answer.json()["predictions"]


@pytest.fixture
def silent(make_linear):
    """A model that never says a label."""
    return make_linear(decider=SILENT)


class TestThreshold:
    """A request may make the rule stricter."""

    def test_below_it_there_is_a_reason_and_every_score_instead_of_a_label(self, make_linear, open_client):
        client = open_client({"m": make_linear()})
        (plain,) = ask(client, "bad film")
        (strict,) = ask(client, "bad film", threshold=0.9999)
        assert plain["label"] in LABELS
        assert plain["reason"] == "confident"
        assert strict == {**plain, "id": strict["id"], "label": None, "reason": "low_confidence"}
        assert set(strict["scores"]) == LABELS

    def test_a_score_that_reaches_it_is_said(self, make_linear, open_client):
        client = open_client({"m": make_linear()})
        (plain,) = ask(client, "bad film")
        (same,) = ask(client, "bad film", threshold=plain["score"])
        assert same["label"] == plain["label"]

    def test_it_never_loosens_the_models_own_rule(self, silent, open_client):
        (said,) = ask(open_client({"m": silent}), "bad film", threshold=0.0)
        assert (said["label"], said["reason"]) == (None, "low_confidence")

    def test_where_a_text_may_have_several_labels(self, make_linear, open_client):
        client = open_client({"m": make_linear(task="multi_label")})
        (plain,) = ask(client, "bad film")
        (strict,) = ask(client, "bad film", threshold=0.9999)
        assert isinstance(plain["labels"], list)
        assert strict == {**plain, "id": strict["id"], "labels": None, "reason": "low_confidence"}

    @pytest.mark.parametrize("wrong", [-0.1, 1.1, "much"])
    def test_what_is_no_threshold_is_told(self, wrong, make_linear, open_client):
        answer = open_client({"m": make_linear()}).post("/predict", json={"text": "x", "threshold": wrong})
        assert (answer.status_code, answer.json()["field"]) == (422, "threshold")


class TestChain:
    """What steps in, in which order."""

    def test_rules_then_a_label_and_the_models_own_words_beside(self, silent, open_client):
        client = open_client(
            {"m": silent},
            chain=[
                {"rules": [{"label": "odd", "keyword": "loud"}, {"label": "good", "regex": "^tender|warm$"}]},
                {"label": "bad"},
            ],
        )
        texts = ["a LOUD film", "louder", "tender and loud", "tender is the film", "it is warm", "thin", ""]
        said = ask(client, *texts)
        bare = ask(open_client({"m": silent}), *texts)
        assert [(each["label"], each["fallback"]["by"]) for each in said] == [
            ("odd", "rule 1"),
            ("bad", "label"),
            ("odd", "rule 1"),
            ("good", "rule 2"),
            ("good", "rule 2"),
            ("bad", "label"),
            ("bad", "label"),
        ]
        for each, own in zip(said, bare, strict=True):
            assert each["reason"] == "fallback"
            assert each["score"] is None  # nobody measured how sure a rule is
            assert each["scores"] == own["scores"]
            assert each["fallback"]["instead_of"] == {**own, "id": each["id"]}

    def test_what_the_model_decides_is_left_alone(self, make_linear, open_client):
        client = open_client({"m": make_linear()}, chain=[{"label": "odd"}])
        (said,) = ask(client, "bad film")
        (strict,) = ask(client, "bad film", threshold=0.9999)
        assert "fallback" not in said
        assert (strict["label"], strict["fallback"]["instead_of"]["reason"]) == ("odd", "low_confidence")
        assert strict["fallback"]["instead_of"]["score"] == said["score"]

    def test_what_no_link_fits_stays_silent(self, silent, open_client):
        client = open_client({"m": silent}, chain=[{"rules": [{"label": "odd", "keyword": "loud"}]}])
        fits, not_ = ask(client, "loud", "slow")
        assert fits["label"] == "odd"
        assert (not_["label"], not_["reason"]) == (None, "low_confidence")
        assert "fallback" not in not_

    def test_rules_of_several_links_are_numbered_through(self, silent, open_client):
        chain = [{"rules": [{"label": "odd", "keyword": word}]} for word in ("loud", "thin")]
        (said,) = ask(open_client({"m": silent}, chain=chain), "thin")
        assert said["fallback"]["by"] == "rule 2"

    def test_a_second_model_answers_with_its_own_scores_and_name(self, silent, make_linear, open_client):
        second = make_linear(seed=2)
        client = open_client({"m": silent}, chain=[{"bundle": "second"}], fallbacks={"second": second})
        (said,) = ask(client, "bad film", ids=["a"])
        (alone,) = ask(open_client({"m": second}), "bad film", ids=["a"])
        (first,) = ask(open_client({"m": silent}), "bad film", ids=["a"])
        assert {**said, "fallback": None} == {**alone, "reason": "fallback", "fallback": None}
        assert said["fallback"] == {"by": second.name, "instead_of": first}

    def test_a_threshold_holds_for_the_second_model_too_and_the_next_link_goes_on(
        self, silent, make_linear, open_client
    ):
        second = {"fallbacks": {"second": make_linear(seed=2)}}
        (said,) = ask(open_client({"m": silent}, chain=[{"bundle": "second"}], **second), "x", threshold=1.0)
        assert (said["label"], "fallback" in said) == (None, False)
        chain = [{"bundle": "second"}, {"label": "odd"}]
        (said,) = ask(open_client({"m": silent}, chain=chain, **second), "x", threshold=1.0)
        assert (said["label"], said["fallback"]["by"]) == ("odd", "label")
        assert said["fallback"]["instead_of"]["model"] == silent.name

    def test_a_second_model_that_keeps_silent_too_changes_nothing(self, silent, make_linear, open_client):
        client = open_client(
            {"m": silent}, chain=[{"bundle": "2"}], fallbacks={"2": make_linear(seed=2, decider=SILENT)}
        )
        (said,) = ask(client, "bad film")
        assert (said["label"], said["model"], "fallback" in said) == (None, silent.name, False)

    def test_each_model_has_a_chain_of_its_own(self, silent, make_linear, open_client):
        other = make_linear(seed=3, decider=SILENT)
        client = open_client({"a": silent, "b": other}, chain=[{"label": "odd"}, {"label": "bad", "model": "b"}])
        assert [ask(client, "x", model=name)[0]["label"] for name in ("a", "b")] == ["odd", "bad"]
        assert ask(client, "x")[0]["label"] == "odd"


class TestSeveralLabels:
    """The same where a text may have several labels."""

    def test_all_rules_that_fit_speak_together(self, make_linear, open_client):
        bundle = make_linear(task="multi_label", decider=SILENT_SOME)
        rules = [{"label": label, "keyword": word} for label, word in (("odd", "loud"), ("bad", "thin"), ("odd", "x"))]
        client = open_client({"m": bundle}, chain=[{"rules": rules}, {"label": "good"}])
        both, last, same = ask(client, "loud and thin", "slow", "loud x")
        assert (both["labels"], both["fallback"]["by"]) == (["bad", "odd"], "rule 1, rule 2")
        assert (last["labels"], last["fallback"]["by"]) == (["good"], "label")
        assert (same["labels"], same["fallback"]["by"]) == (["odd"], "rule 1, rule 3")
        assert set(both["scores"]) == LABELS
        assert both["fallback"]["instead_of"]["labels"] is None

    def test_a_label_implies_its_parents(self, make_linear, open_client):
        bundle = make_linear(task="multi_label", parents={"odd": "bad"}, decider=SILENT_SOME)
        (said,) = ask(open_client({"m": bundle}, chain=[{"label": "odd"}]), "x")
        assert said["labels"] == ["bad", "odd"]

    def test_a_second_model(self, make_linear, open_client):
        bundle = make_linear(task="multi_label", decider=SILENT_SOME)
        second = make_linear(task="multi_label", seed=2)
        client = open_client({"m": bundle}, chain=[{"bundle": "2"}], fallbacks={"2": second})
        (said,) = ask(client, "bad film")
        assert said["labels"] == ask(open_client({"m": second}), "bad film")[0]["labels"]
        assert said["fallback"]["by"] == second.name


class TestWhatIsDeclaredWrong:
    """It is told before anybody is answered."""

    @pytest.mark.parametrize(
        ("link", "told"),
        [
            ({"label": "god"}, r"no label 'god' of m. Labels: bad, good, odd. Did you mean 'good'"),
            ({"rules": [{"label": "od", "keyword": "x"}]}, r"no label 'od' of m.*Did you mean 'odd'"),
            ({"label": "odd", "model": "n"}, r"no model 'n'. Models: m."),
            (
                {"bundle": "other labels"},
                r"other labels cannot stand in for m, for it gives labels that it does not",
            ),
            ({"bundle": "several"}, r"several cannot stand in for m, for it gives a different number of labels a text"),
        ],
    )
    def test_by_the_models(self, link, told, make_linear, open_client):
        second = {
            "other labels": make_linear(seed=3, labels=("yes", "no")),
            "several": make_linear(task="multi_label"),
        }
        with pytest.raises(UsageError, match=told):
            open_client({"m": make_linear()}, chain=[link], fallbacks=second)

    @pytest.mark.parametrize(
        ("link", "told"),
        [
            ({}, "a fallback is `rules`, a `bundle`, or a `label`"),
            ({"label": "a", "bundle": "b"}, "a fallback is `rules`, a `bundle`, or a `label`"),
            ({"rules": [{"label": "a"}]}, "a rule has a `keyword` or a `regex`"),
            ({"rules": [{"label": "a", "regex": "("}]}, r"the regex '\(' is broken"),
        ],
    )
    def test_by_itself(self, link, told):
        with pytest.raises(ValueError, match=told):
            ServeSettings(fallbacks=[link])

    def test_a_keyword_is_a_whole_word_of_any_case(self):
        (rule,) = FallbackSettings.model_validate({"rules": [{"label": "a", "keyword": "c++"}]}).rules
        assert rule.pattern.search("in C++, or so")
        assert not rule.pattern.search("in xC++")
