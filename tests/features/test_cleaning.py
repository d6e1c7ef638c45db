"""Cleaning steps: what each takes and, as much, what it leaves."""

from __future__ import annotations

import json
import pickle
import sys
import time

import pytest

from tamis.core import MissingExtra, UsageError
from tamis.features import DEFAULT_CLEANING, STEPS, Cleaner


def clean(text: str, *spec: object) -> str:
    return Cleaner.from_spec(list(spec)).clean(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<p>Tom &amp; Jerry</p>", "Tom & Jerry"),
        ("un<b>believ</b>able<br>true", "unbelievable true"),
        ("<td>one</td><td>two</td>", "one two"),
        ("&amp;amp; &lt;b&gt; &eacute; &#8364; &#x41;", "&amp; <b> é € A"),
        ("?a=1&copy=2&unknown; AT&T", "?a=1&copy=2&unknown; AT&T"),
        ("<script>var x = '<p>';</script>shown<style>p {}</style>", "shown"),
        ("x < y and I <3 you, a <b", "x < y and I <3 you, a <b"),
        ("if <name> is <div>set</div>", "if <name> is set"),
        ("a<!-- hidden -->b <!DOCTYPE html> c <![CDATA[d]]>", "a b c <![CDATA[d]]>"),
        ('<a href="https://x.com/?a=1&amp;b=2" title="a > b">link</a>', "link"),
        ("<SCRIPT>no</SCRIPT>yes", "yes"),
    ],
)
def test_html(text, expected):
    assert clean(text, "html", "whitespace") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("e\u0301", "\u00e9"),
        ("a\x00b\x1fc", "a b c"),
        ("a\u00a0b\u3000c\u200bd", "a b c d"),
        ("\ufeffco\u00adoperate\u202e", "cooperate"),
        ("one\r\ntwo\rthree\u2028four\x85", "one\ntwo\nthree\nfour\n"),
        ("\ud800x", "\ufffdx"),
        ("\U0001f468\u200d\U0001f469 क्\u200dष", "\U0001f468\u200d\U0001f469 क्\u200dष"),
        ("ﬁne ２", "ﬁne ２"),
    ],
)
def test_unicode(text, expected):
    assert clean(text, "unicode") == expected


def test_unicode_can_unfold_on_demand():
    assert clean("ﬁne ２", {"unicode": {"form": "NFKC"}}) == "fine 2"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://example.com/a?b=1&c=(d).", "See URL."),
        ("(http://x.org/a_b), WWW.Example.COM!", "(URL), URL!"),
        ("bit.ly/2xY t.co/abc and/or e.g. this.that", "URL URL and/or e.g. this.that"),
        ("mail joe.doe+x@mail.example.org, now", "mail URL, now"),
        ("“https://x.com/a”", "“URL”"),
        ("http:// alone", "http:// alone"),
    ],
)
def test_urls(text, expected):
    assert clean(text, {"urls": {"replace": "URL"}}) == expected


def test_an_address_goes_before_its_punctuation_and_numbers():
    spec = ["punctuation", "numbers", "whitespace", "urls"]
    assert clean("See https://example.com/2024/a-b?c=1, 7 times!", *spec) == "See times"


def test_mentions_are_no_mail_addresses():
    assert clean("@bob, ask joe@example.com or (@ann_1)", {"mentions": {"replace": "USER"}}) == (
        "USER, ask joe@example.com or (USER)"
    )


def test_numbers_leave_words_with_digits():
    text = "12 covid19 covid-19 3rd 10,000.50 mp3 -4 12:30 1/2 b2b 3.5% x2 2x"
    assert clean(text, "numbers", "whitespace") == "covid19 covid-19 3rd mp3 b2b % x2 2x"


def test_punctuation_leaves_words_numbers_and_emoji_whole():
    text = "Don't—stop: 3.5 (really)… snake_case l’été $5 \U0001f44d\U0001f3fd!"
    expected = "Don't stop 3.5 really snake case l’été 5 \U0001f44d\U0001f3fd"
    assert clean(text, "punctuation", "whitespace") == expected
    assert clean("Wow! don't", {"punctuation": {"keep": "!", "inside_words": True}}) == "Wow! don t"


def test_stop_words_respect_words_and_negations():
    text = "Yous and you do NOT like the theatre; you’re not, isn't it?"
    assert clean(text, "stop_words", "whitespace") == "Yous NOT like theatre; not, isn't ?"
    assert clean("this is not it", {"stop_words": {"negations": True}}, "whitespace") == ""
    assert clean("das ist nicht gut", {"stop_words": {"language": "de"}}, "whitespace") == "nicht gut"
    assert clean("the shop", {"stop_words": {"also": ["Shop"], "keep": ["THE"]}}, "whitespace") == "the"


def test_a_word_put_in_keeps_its_capitals():
    assert clean("See HTTP://X.COM/", "case", {"urls": {"replace": "URL"}}) == "see URL"


@pytest.mark.parametrize("piece", ["a.", "1.", ".", "a@", "<", "<a ", "<!--", "&a", "www.", "x@y.", "http://x)", "'a"])
def test_no_text_takes_long(piece):
    """Patterns that try every split of a text took minutes for these; now each is a blink."""
    start = time.perf_counter()
    Cleaner.from_spec([name for name in STEPS if name != "lemmas"]).clean(piece * 10_000)
    assert time.perf_counter() - start < 10


def test_whitespace_can_keep_lines():
    assert clean(" a \t b \n\n c ", "whitespace") == "a b c"
    assert clean(" a \t b \n\n c ", {"whitespace": {"keep_lines": True}}) == "a b\nc"


@pytest.mark.slow
def test_lemmas_come_from_tables():
    pytest.importorskip("spacy_lookups_data", reason="needs tamis[lemmas]")
    text = "The Mice were running; US cats, yous"
    assert clean(text, "lemmas") == "The Mouse be run; US cat, yous"
    assert clean("Häuser standen", {"lemmas": {"language": "de"}}) == "Haus stehen"
    with pytest.raises(UsageError, match="no table for the language 'xx'"):
        clean("", {"lemmas": {"language": "xx"}})


def test_lemmas_without_spacy_name_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "spacy_lookups_data", None)  # what a machine without it looks like
    with pytest.raises(MissingExtra, match="step 'lemmas' needs the extra 'lemmas'"):
        clean("", "lemmas")


def test_the_default_is_almost_nothing():
    text = "Don't <b>SHOUT</b> @bob, 3 times: https://x.com"
    cleaner = Cleaner.from_spec(DEFAULT_CLEANING)
    assert cleaner.clean(f"  {text}\x00 ") == text
    assert cleaner.spec == ["unicode", "whitespace"]
    assert Cleaner().clean(f" {text} ") == f" {text} "


def test_a_cleaner_survives_json_and_pickle():
    cleaner = Cleaner.from_spec([{"stop_words": {"language": "fr", "also": ["a"]}}, "html", {"case": None}])
    again = Cleaner.from_spec(json.loads(json.dumps(cleaner.spec)))
    assert cleaner == again == pickle.loads(pickle.dumps(cleaner))
    assert again.spec == ["html", "case", {"stop_words": {"language": "fr", "also": ["a"]}}]


def test_many_are_cleaned_as_one_is():
    texts = ["<b>Hi</b> you", "don't 3.5", "", "été @bob http://x.com"]
    cleaner = Cleaner.from_spec([name for name in STEPS if name != "lemmas"])
    assert cleaner.clean_many([*texts, None]) == [*map(cleaner.clean, texts), ""]


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (["hmtl"], "no cleaning step 'hmtl'.*Did you mean 'html'"),
        (
            [{"urls": {"replce": "x"}}],
            "'urls' has no option 'replce'. Options: replace, emails. Did you mean 'replace'",
        ),
        ([{"html": {"x": 1}}], "'html' has no option 'x'. It has no options"),
        ([{"urls": {"replace": 3}}], "'urls': replace = 3: input should be a valid string"),
        ([{"case": {"to": "upper"}}], "'case': to = 'upper': input should be 'lower' or 'fold'"),
        ([{"case": "lower"}], "options of the cleaning step 'case' must be keys and values"),
        (["urls", {"urls": {}}], "'urls' is listed twice"),
        ([{"urls": {"replace": "<URL>"}}, "punctuation"], "would take < > out of '<URL>'"),
        ([{"a": 1, "b": 2}], "a name, or one name with its options"),
        ([3], "a name, or one name with its options, not 3"),
        ("html,urls", "must be a list of steps, not 'html,urls'"),
        ([{"stop_words": {"language": "xx"}}], "no stop words for the language 'xx'. Languages: ar, bg"),
    ],
)
def test_a_wrong_spec_is_told(spec, message):
    with pytest.raises(UsageError, match=message):
        Cleaner.from_spec(spec)
