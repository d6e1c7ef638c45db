"""What holds for every text: no step fails, joins two words, or changes its mind the second time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tamis.features import STEPS, Cleaner, words

STEP_NAMES = [name for name in STEPS if name != "lemmas"]
PIECES = st.sampled_from(
    [
        *"aZé1_'’.,-/@:!?<>&;#\n\t",
        "<b>",
        "</p>",
        "<br/>",
        "<!--",
        "-->",
        "<!",
        "<![",
        "<script>",
        "</script>",
        "&amp;",
        "&#0;",
        "&lt;",
        "http://",
        "www.",
        "x.com/",
        "joe@x.org",
        "you",
        "don't",
        "12",
        "3.5",
        "\u200b",
        "\u0301",
        "\u00ad",
        "的",
        "\U0001f44d",
    ]
)
# characters that newer tables know and older do not would compare Unicode's versions
CHARACTERS = st.characters(exclude_categories=("Cn",))
TEXTS = st.one_of(st.text(CHARACTERS, max_size=40), st.lists(PIECES, max_size=20).map("".join))
PLAIN_WORDS = st.lists(st.from_regex(r"[a-zà-ö]{1,6}(['’][a-z]{1,3})?|[0-9]{1,4}", fullmatch=True), max_size=12)


@pytest.mark.parametrize("name", STEP_NAMES)
@given(text=TEXTS)
def test_no_step_fails(name, text):
    assert isinstance(Cleaner.from_spec([name]).clean(text), str)


@pytest.mark.parametrize("name", [name for name in STEP_NAMES if name not in ("html", "urls", "mentions")])
@given(text=TEXTS)
def test_what_is_clean_stays(name, text):
    """Not so for html (&amp;amp; is undone once) and addresses (what remains may look like one)."""
    cleaner = Cleaner.from_spec([name])
    once = cleaner.clean(text)
    assert cleaner.clean(once) == once


@pytest.mark.parametrize("name", STEP_NAMES)
@given(
    parts=PLAIN_WORDS, between=st.sampled_from([" ", "\n", "\u00a0", " <br> ", "<p>", ", ", " - ", " http://x.com/a "])
)
def test_no_step_joins_words(name, parts, between):
    kept = words(Cleaner.from_spec([name]).clean(between.join(parts)))
    known = {word.casefold() for part in (*parts, between) for word in words(part)}
    assert {word.casefold() for word in kept} <= known | {"p", "br", "http", "x", "com", "a"}


@given(parts=PLAIN_WORDS)
def test_all_steps_together_only_take_words(parts):
    cleaned = Cleaner.from_spec(STEP_NAMES).clean(" ".join(parts))
    rest = iter(parts)
    assert all(word in rest for word in cleaned.split())
