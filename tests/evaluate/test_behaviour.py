"""Behavioural suites: what a YAML file says, what is asked of the model, and what comes out."""

from __future__ import annotations

import json
import math
from random import Random
from xml.etree import ElementTree

import pytest
import yaml

from tamis.core import Prediction, UsageError
from tamis.evaluate.behaviour import (
    PERTURBATIONS,
    Suite,
    junit_xml,
    read_suite,
    run_suite,
    starter_suite,
    suite_page,
)
from tamis.evaluate.behaviour.template import fill
from tamis.evaluate.behaviour.wilson import wilson
from tamis.train import TextClassifier


class Keywords:
    """A real little model: counts good and bad words, and knows nothing of negation or capitals."""

    labels = ("bad", "good")

    def __init__(self, silent_below: float = 0.0) -> None:
        self.asked: list[str] = []
        self.silent_below = silent_below

    def predict(self, texts):
        self.asked += texts
        return [self._answer(text) for text in texts]

    def _answer(self, text):
        words = text.replace(".", " ").split()
        sum_ = sum((word in ("fine", "lovely")) - (word in ("dull", "poor")) for word in words)
        good = 1 / (1 + math.exp(-sum_))
        score = max(good, 1 - good)
        label = "good" if good >= 0.5 else "bad"
        silent = score < self.silent_below
        return Prediction(
            id="1",
            label=None if silent else label,
            scores={"bad": 1 - good, "good": good},
            score=score,
            reason="low_confidence" if silent else "confident",
            model="keywords",
        )


@pytest.fixture
def suite(tmp_path):
    def make(text: str) -> Suite:
        (tmp_path / "suite.yaml").write_text(text)
        return read_suite(tmp_path / "suite.yaml")

    return make


def test_a_suite_of_all_three_kinds(suite):
    result = run_suite(
        Keywords(),
        suite("""
lists: {tone: [fine, lovely], thing: [film, book], name: [Ann, Bo, Cy]}
functionality:
  - {name: praise, templates: "a {tone} {thing}", expect: good}
  - {name: negated praise, templates: "the {thing} is not {tone}", expect: bad, at_least: 0.5}
  - name: single
    cases: [{text: dull stuff, expect: bad}, {text: poor thing, expect: good}]
invariance:
  - {name: capitals, templates: "a {tone} {thing}", change: {perturb: upper}, tolerance: 0.1}
  - {name: names, templates: "{name} made a {tone} {thing}", change: {swap: name}}
direction:
  - {name: more praise, texts: [a film, a dull film], change: {append: It is lovely.}, label: good, goes: up, by: 0.1}
  - {name: less praise, texts: a film, change: {append: It is lovely.}, label: good, goes: down}
"""),
    )
    rates = {test.name: (test.cases, test.passed) for test in result.tests}
    assert rates == {
        "praise": (4, 4),
        "negated praise": (4, 0),
        "single": (2, 1),
        "capitals": (4, 0),
        "names": (12, 12),
        "more praise": (2, 2),
        "less praise": (1, 0),
    }
    assert [test.name for test in result.failed] == ["negated praise", "single", "capitals", "less praise"]
    capitals = next(test for test in result.tests if test.name == "capitals")
    assert capitals.changes == {"upper": (4, 0)}
    assert capitals.failures[0].changed == capitals.failures[0].text.upper()
    assert "good 0.731 → 0.500" in capitals.failures[0].got or "bad 0.269 → 0.500" in capitals.failures[0].got


def test_the_tolerance_is_what_makes_a_kept_label_fail(suite):
    text = "invariance: [{{name: x, texts: [a fine film], change: {{perturb: upper}}{}}}]"
    assert run_suite(Keywords(), suite(text.format(""))).tests[0].holds
    assert run_suite(Keywords(), suite(text.format(", tolerance: 0.24"))).tests[0].holds
    assert not run_suite(Keywords(), suite(text.format(", tolerance: 0.2"))).tests[0].holds


def test_a_probability_that_falls_strays_as_one_that_rises():
    class Falls:
        labels = ("a", "b")  # of several labels a text each has a probability of its own

        def predict(self, texts):
            return [
                Prediction(id="1", label=("a",), scores={"a": 0.9 if text.islower() else 0.7, "b": 0.1}, score=0.7)
                for text in texts
            ]

    test = {"name": "x", "texts": "one", "change": {"perturb": "upper"}, "tolerance": 0.1}
    assert not run_suite(Falls(), Suite.model_validate({"invariance": [test]})).tests[0].holds
    assert run_suite(Falls(), Suite.model_validate({"invariance": [test | {"tolerance": 0.3}]})).tests[0].holds


def test_silence_is_no_label_and_can_be_asked_for(suite):
    model = Keywords(silent_below=0.6)
    expects = suite("functionality: [{name: x, texts: [a film], expect: good}]")
    failure = run_suite(model, expects).tests[0].failures[0]
    assert failure.got == "silence (low_confidence)"
    wants = suite("functionality: [{name: x, texts: [a film, a fine film], silent: true, at_least: 0.5}]")
    test = run_suite(model, wants).tests[0]
    assert (test.passed, test.cases, test.holds) == (1, 2, True)
    assert test.failures[0].text == "a fine film"


def test_the_gate_is_the_share_asked_for(suite):
    text = "functionality: [{{name: x, texts: [fine, lovely, dull], expect: good, at_least: {}}}]"
    assert run_suite(Keywords(), suite(text.format(0.66))).tests[0].holds
    assert not run_suite(Keywords(), suite(text.format(0.67))).tests[0].holds


def test_the_same_seed_asks_the_same_texts_and_each_once(suite):
    text = """
seed: {}
lists: {{a: [{}], b: [fine, dull]}}
functionality: [{{name: x, templates: "{{a}} {{b}}", expect: good, most: 20, at_least: 0}}]
invariance: [{{name: y, templates: "{{a}} {{b}}", most: 20, change: {{perturb: [typos, url]}}, at_least: 0}}]
"""
    words = ", ".join(f"word{n}" for n in range(60))
    first, again, other = Keywords(), Keywords(), Keywords()
    for model, seed in ((first, 0), (again, 0), (other, 1)):
        run_suite(model, suite(text.format(seed, words)))
    assert first.asked == again.asked != other.asked
    assert len(first.asked) == len(set(first.asked))


def test_templates():
    lists = {"name": ["Ann", "Bo"], "film": ["film"]}
    texts = fill("{name1} saw {name2} in a {{{film}}}", lists, most=9, random=Random(0))
    assert sorted(texts) == ["Ann saw Bo in a {film}", "Bo saw Ann in a {film}"]
    wide = {letter: [str(n) for n in range(1000)] for letter in "abcdef"}  # 10^18 texts
    drawn = fill("{a}{b}{c}{d}{e}{f}", wide, most=50, random=Random(0))
    assert len(set(drawn)) == 50


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("upper", "Straße, ok", "STRASSE, OK"),
        ("lower", "A Fine", "a fine"),
        ("end_punctuation", "So so. ", "So so"),
        ("end_punctuation", "So so", "So so."),
        ("no_punctuation", "«Well», he's - fine!", "Well he's fine"),
        ("exclaim", "Good.", "Good!!!"),
        ("accents", "café naïve", "cafe naive"),
        ("contractions", "It is bad and I don't care", "It's bad and I do not care"),
        ("contractions", "I'm sure", "I am sure"),
        ("negate", "The film is fine and was long", "The film is not fine and was long"),
        ("negate", "The film isn't fine", "The film is fine"),
        ("negate", "It was not good", "It was good"),
        ("negate", "A fine film", "A fine film"),
        ("numbers", "no digits", "no digits"),
    ],
)
def test_perturbations(name, text, expected):
    assert PERTURBATIONS[name](text, Random(0)) == expected


@pytest.mark.parametrize("name", sorted(PERTURBATIONS))
@pytest.mark.parametrize(
    "text", ["", " ", "a", "日本語のテキスト", "\x00 odd", "🙂🙂", "The plot was fine, I don't mind 7 of 9."]
)
def test_a_perturbation_takes_any_text_and_is_the_same_for_the_same_chance(name, text):
    assert PERTURBATIONS[name](text, Random(3)) == PERTURBATIONS[name](text, Random(3))


def test_typos_keep_the_letters_and_touch_one_word_in_ten():
    text = "something wonderful happened yesterday evening " * 4
    changed = PERTURBATIONS["typos"](text, Random(0))
    differ = [pair for pair in zip(text.split(), changed.split(), strict=True) if pair[0] != pair[1]]
    assert len(differ) == 2
    assert all(sorted(a) == sorted(b) for a, b in differ)
    digits = PERTURBATIONS["numbers"]("room 101", Random(0))
    assert digits[:5] == "room "
    assert all(a != b for a, b in zip("101", digits[5:], strict=True))


# what stands below `invariance:` or `functionality:`, and what is told of it
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("functionalty: []", "suite.yaml, line 1: unknown key 'functionalty'"),
        ("lists: {a: []}", "lists.a is empty"),
        ("name: nothing", "no test in it"),
        (
            "I:\n  - {name: x, texts: a,\n   change: {perturbe: b}}",
            "line 3: unknown key 'invariance.0.change.perturbe'",
        ),
        ("I: [{name: x, texts: a, change: {perturb: typoes}}]", "invariance.0.change.perturb.0: no change 'typoes'"),
        ("I: [{name: x, texts: a, change: {}}]", "invariance.0.change changes nothing"),
        ("I: [{name: x, texts: a, change: {swap: names}}]", "invariance.0.change.swap.0: no list 'names'"),
        ("lists: {n: [a]}\nI: [{name: x, texts: a, change: {swap: n}}]", "the list 'n' has one word"),
        ("F: [{name: x, expect: good}]", "functionality.0 ('x') has no texts"),
        ("F: [{name: x, texts: [a]}]", "functionality.0 ('x') expects nothing"),
        ("F: [{name: x, templates: 'a {thin}', expect: good}]", "functionality.0.templates.0: no list 'thin'"),
        ("lists: {thing: [a]}\nF: [{name: x, templates: '{thin}', expect: good}]", "Did you mean 'thing'?"),
        ("F: [{name: x, templates: 'a {', expect: good}]", "functionality.0.templates.0 = 'a {'"),
        ("F: [{name: x, texts: a, expect: b, at_least: 2}]", "functionality.0.at_least = 2"),
        ("F: [{name: x, texts: a, expect: b}, {name: x, texts: a, expect: b}]", "functionality.1.name: 'x'"),
        ("F: [{name: x, texts: a, expect: b, only: c}]", "functionality.0.only"),
    ],
)
def test_what_is_wrong_in_a_suite_is_told_with_its_key(suite, text, message):
    with pytest.raises(UsageError) as error:
        suite(text.replace("I:", "invariance:").replace("F:", "functionality:"))
    assert message in str(error.value)
    assert "suite.yaml" in str(error.value)


def test_labels_that_the_model_lacks(suite):
    for text, key in (
        ("functionality: [{name: x, texts: a, expect: god}]", "functionality.0.expect"),
        ("functionality: [{name: x, cases: [{text: a, expect: god}]}]", "functionality.0.cases.0.expect"),
        ("direction: [{name: x, texts: a, change: {append: b}, label: god, goes: up}]", "direction.0.label"),
    ):
        with pytest.raises(UsageError, match="no label of the model") as error:
            run_suite(Keywords(), suite(text))
        assert key in str(error.value)
        assert "Did you mean 'good'?" in str(error.value)


def test_a_test_that_asks_nothing(suite):
    with pytest.raises(UsageError, match="its changes alter none of its texts"):
        run_suite(Keywords(), suite("invariance: [{name: x, texts: a, change: {perturb: numbers}}]"))
    with pytest.raises(UsageError, match="none was named"):
        run_suite(Keywords(), suite("invariance: [{name: x, from: test, change: {perturb: url}}]"))


def test_rows_of_a_dataset(suite, make_dataset):
    dataset = make_dataset(
        text=[f"{word} film {n}" for n in range(40) for word in ("fine", "dull")] + ["", None],
        label=["good", "bad"] * 40 + ["good", "good"],
        split=["train", "train", "test", "test"] * 20 + ["test", "test"],
    )
    model = Keywords()
    result = run_suite(
        model,
        suite("""
functionality: [{name: own labels, from: test, rows: 15}]
invariance: [{name: numbers, from: test, only: good, rows: 1000, change: {perturb: [numbers, accents]}}]
"""),
        dataset=dataset,
    )
    own, numbers = result.tests
    assert (own.cases, own.passed) == (15, 15)
    assert numbers.cases == 20
    assert numbers.changes == {"numbers": (20, 20)}  # there are no accents
    assert result.dataset == "reviews@1"
    with pytest.raises(UsageError, match="no rows in the split 'tset'"):
        run_suite(model, suite("functionality: [{name: x, from: tset}]"), dataset=dataset)


def test_labels_that_yaml_takes_for_numbers_or_for_truth(suite):
    read = suite("functionality: [{name: x, texts: a, expect: 5}, {name: y, texts: a, expect: [NO, on, true story]}]")
    assert [test.expect for test in read.functionality] == ["5", ("NO", "on", "true story")]


def test_several_labels_a_text(suite):
    class Two:
        labels = ("OFF", "UNT", "TIN")

        def predict(self, texts):
            said = [("OFF", "UNT") if "damn" in text else () for text in texts]
            scores = {"OFF": 0.9, "UNT": 0.8, "TIN": 0.1}
            return [Prediction(id="1", label=label, scores=scores, score=0.8) for label in said]

    result = run_suite(
        Two(),
        suite("""
functionality:
  - {name: one, texts: damn, expect: OFF}
  - {name: both, texts: damn, expect: [OFF, UNT]}
  - {name: other, texts: damn, expect: [OFF, TIN]}
  - {name: none, texts: [hello, damn], expect: []}
invariance: [{name: kept, texts: damn, change: {perturb: upper}}]
"""),
    )
    assert [test.passed for test in result.tests] == [1, 1, 0, 1, 0]


def test_wilson_is_scipys():
    from scipy.stats import binomtest

    for passed, cases in ((0, 7), (3, 9), (50, 50), (180, 200)):
        for confidence in (0.9, 0.95):
            expected = binomtest(passed, cases).proportion_ci(confidence, method="wilson")
            assert wilson(passed, cases, confidence=confidence) == pytest.approx((expected.low, expected.high))


def test_junit_holds_any_text(suite):
    odd = 'functionality: [{name: "a <b> & \\"c\\"", texts: ["dull <script> \\x00 \\uFFFE &"], expect: good}]'
    result = run_suite(Keywords(), suite(odd))
    root = ElementTree.fromstring(junit_xml(result).encode())
    (one,) = root.iter("testsuite")
    assert (one.get("tests"), one.get("failures")) == ("1", "1")
    (case,) = root.iter("testcase")
    assert case.get("name") == 'a <b> & "c"'
    assert "dull <script>" in case.find("failure").text


def test_the_page_escapes_what_it_shows(suite):
    result = run_suite(
        Keywords(),
        suite("""
functionality: [{name: "<i>x</i>", texts: ["dull <script>alert(1)</script>"], expect: good}]
invariance: [{name: y, texts: ["a fine <b>film</b>"], change: {perturb: upper}, tolerance: 0}]
"""),
    )
    html = suite_page(result).html()
    assert "<script>" not in html
    assert "<i>x</i>" not in html
    assert "<b>film" not in html
    assert "&lt;script&gt;" in html


def test_the_starter_is_a_suite_that_runs(make_dataset, tmp_path):
    dataset = make_dataset(
        text=[f"{word}: film number {n}" for n in range(30) for word in ("fine", "dull")],
        label=["good", "bad"] * 30,
    )
    text = starter_suite(("bad", "good"), dataset, name="reviews-linear-1")
    (tmp_path / "starter.yaml").write_text(text)
    suite = read_suite(tmp_path / "starter.yaml")
    assert [test.name for _, test in suite.tests()] == [
        "plain bad", "plain good", "small slips", "a link behind it", "more of bad", "more of good",
    ]  # fmt: skip
    assert {test.expect for test in suite.functionality} == {"bad", "good"}
    assert yaml.safe_load(text)["name"] == "reviews-linear-1"
    assert len(run_suite(Keywords(), suite, dataset=dataset).tests) == 6


@pytest.fixture
def model(tmp_path, make_dataset):
    """A linear model in a folder, and the dataset `reviews` that it could have learned from."""
    words = ["film", "cast", "scene", "plot", "music", "story", "actor", "camera", "light", "ending"]
    texts = [f"{tone} {words[n % 10]} and {words[n * 3 % 7]} {n}" for n in range(40) for tone in ("lovely", "dull")]
    labels = ["good", "bad"] * 40
    make_dataset(text=texts, label=labels, split=["train", "train", "test", "test"] * 20)
    TextClassifier(family="linear").fit(texts, labels).save(tmp_path / "model")
    return tmp_path / "model"


@pytest.mark.slow
def test_the_command(tamis, model, tmp_path):
    suite, junit, html = tmp_path / "suite.yaml", tmp_path / "out.xml", tmp_path / "page.html"
    done = tamis("behave", model, suite, "--init", "--data", "reviews")
    assert done.code == 0, done.err
    again = tamis("behave", model, suite, "--init", "--data", "reviews")
    assert (again.code, "is there already" in again.err) == (2, True)
    done = tamis("behave", model, suite, "--data", "reviews", "--json")
    told = json.loads(done.out)
    assert [test["name"] for test in told["tests"]][:2] == ["plain bad", "plain good"]
    assert told["dataset"] == "reviews@1"
    suite.write_text("""
functionality: [{name: praise, texts: a lovely film, expect: good}, {name: wrong, texts: a dull film, expect: good}]
""")
    done = tamis("behave", model, suite, "--junit", junit, "--html", html)
    assert done.code == 3
    assert "1 of 2 tests of suite do not hold: wrong" in done.err
    assert "a dull film" in done.out
    assert ElementTree.parse(junit).getroot()[0].get("failures") == "1"
    assert "a dull film" in html.read_text()
    suite.write_text("functionality: [{name: praise, texts: a lovely film, expect: goood}]")
    done = tamis("behave", model, suite)
    assert (done.code, "Did you mean 'good'?" in done.err) == (2, True)
    suite.write_text("invariance: [{name: x, from: test, change: {perturb: url}}]")
    done = tamis("behave", model, suite)
    assert (done.code, "'memory'" in done.err) == (2, True)
