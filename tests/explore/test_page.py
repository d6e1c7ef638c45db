"""The page: one file, no network, the same bytes every time, whatever the data."""

from __future__ import annotations

import re
import sys

import pytest

from tamis.explore import ExploreSettings, profile_dataset, write_page, write_plots

SMALL = ExploreSettings(dpi=40)

WORDS = ["apple", "pear", "plum", "fig", "kiwi", "lime", "melon", "grape", "peach", "berry"]


def reviews(rows=60, classes=("good", "bad")):
    text = [
        f"{WORDS[row % 10]} {WORDS[(row * 3) % 10]} and {classes[row % len(classes)]} word {row} {WORDS[row % 7]}"
        + " more" * (row % 4)
        for row in range(rows)
    ]
    return {"text": text, "label": [classes[row % len(classes)] for row in range(rows)]}


def page_of(dataset, folder):
    profile = profile_dataset(dataset)
    write_page(profile, folder / "page.html")
    return (folder / "page.html").read_text()


def test_the_page_needs_no_network(make_dataset, tmp_path):
    html = page_of(
        make_dataset(**reviews(), time=["2020-01-01", "2021-02-02"] * 30, group=["a", "b", "c"] * 20), tmp_path
    )
    assert not re.search(r"""(src|href|url|@import)\s*[=(]?\s*["']?\s*(https?:)?//""", html)
    assert "<script" not in html
    for heading in ("At a glance", "Classes", "What sets the classes apart", "Lengths", "Time", "Groups", "Samples"):
        assert f"<h2>{heading}</h2>" in html


@pytest.mark.slow
def test_the_same_data_gives_the_same_bytes(make_dataset, tmp_path):
    dataset = make_dataset(**reviews())
    for name in ("one", "two"):
        profile = profile_dataset(dataset)
        write_page(profile, tmp_path / f"{name}.html")
        write_plots(profile, tmp_path / name, settings=SMALL)
    assert (tmp_path / "one.html").read_bytes() == (tmp_path / "two.html").read_bytes()
    pictures = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert pictures == sorted(path.name for path in (tmp_path / "two").iterdir())
    for name in pictures:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
        assert b"matplotlib" not in (tmp_path / "one" / name).read_bytes().lower()


def test_every_plot_has_a_picture_and_its_numbers(make_dataset, tmp_path):
    dataset = make_dataset(**reviews(), split=["train", "test"] * 30, time=["2020-01-01", "2021-02-02"] * 30)
    pictures = write_plots(profile_dataset(dataset), tmp_path / "plots", settings=SMALL)
    names = {path.stem for path in pictures}
    assert {
        "class-balance",
        "splits",
        "telling-words",
        "top-words",
        "lengths-words",
        "rows-over-time",
        "cloud",
    } <= names
    for path in pictures:
        assert path.read_bytes().startswith(b"\x89PNG")
        assert len(path.with_suffix(".csv").read_text().splitlines()) > 1
    balance = (tmp_path / "plots" / "class-balance.csv").read_text().splitlines()
    assert balance == ["label,rows,share,train,test", "bad,30,0.5,0,30", "good,30,0.5,30,0"]


def test_markup_in_data_stays_text(make_dataset, tmp_path):
    nasty = "<script>alert(1)</script> & <img src=x>"
    html = page_of(make_dataset(text=[nasty] * 3 + ["b"] * 3, label=[nasty] * 3 + ["b"] * 3), tmp_path)
    assert "<script>" not in html
    assert "<img src=x" not in html
    assert "&lt;script&gt;" in html


def test_long_texts_are_shortened_but_whole(make_dataset, tmp_path):
    html = page_of(make_dataset(text=["beginning " + "middle " * 400 + "end-of-text"]), tmp_path)
    assert "more characters</summary>" in html
    assert "end-of-text" in html


ODD = {
    "forty classes": reviews(200, tuple(f"class number {number} with a long name" for number in range(40))),
    "one class": reviews(20, ("only",)),
    "one row": {"text": ["just this"], "label": ["x"]},
    "no labels": {"text": ["some words here", "and some there"]},
    "no text at all": {"text": ["", None, "  "], "label": ["x", "y", None]},
    "labels, none given": {"text": ["a b", "c d"], "label": [None, None]},
    "many scripts": {
        "text": [
            "我喜欢这本书 很好",
            "לא טוב בכלל",
            "هذا جيد جدا",
            "😀 😡 🎉",
            "$5 and $6_x^2$ costs",
            "ไม่ดี",
            "हिन्दी में",
        ]
        * 3,
        "label": ["好", "לא", "جيد", "🎉", "$x^2$", "ไม่", "हिन्दी"] * 3,
    },
    "signs that break file names": {"text": ["a b"] * 4, "label": ["a/b", "a\\b", "..", "a:b"]},
    "newlines and tabs": {"text": ["a\nb\tc\x00d"] * 3, "label": ["x\ny", "x\ty", "z"]},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", ODD)
def test_odd_data_is_shown_without_a_warning(case, make_dataset, tmp_path):
    profile = profile_dataset(make_dataset(**ODD[case]))
    write_page(profile, tmp_path / "page.html")
    pictures = write_plots(profile, tmp_path / "plots", settings=SMALL)
    assert len({path.name.lower() for path in pictures}) == len(pictures)
    assert all(path.parent == tmp_path / "plots" for path in pictures)
    assert len(profile.essence) == 3


def test_without_the_extra_the_page_stands_and_pictures_say_what_is_missing(make_dataset, tmp_path, tamis, monkeypatch):
    make_dataset(**reviews())
    monkeypatch.setitem(sys.modules, "wordcloud", None)
    assert tamis("explore", "reviews", "-o", tmp_path / "page.html").code == 0
    html = (tmp_path / "page.html").read_text()
    assert "pip install" in html
    assert '<p class="tags">' in html
    outcome = tamis("explore", "reviews", "--plots", tmp_path / "plots")
    assert outcome.code == 1
    assert "needs the extra 'explore'" in outcome.err
