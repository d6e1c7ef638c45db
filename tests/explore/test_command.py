"""`tamis explore` on the command line."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def reviews(make_dataset):
    return make_dataset(text=["red fish", "blue fish", "red sea", "the deep sea"], label=["a", "b", "a", "b"])


def test_it_prints_the_essence_and_where_the_page_is(tamis, reviews, tmp_path):
    outcome = tamis("explore", "reviews", "-o", tmp_path / "page.html")
    assert outcome.code == 0, outcome.err
    lines = outcome.out.splitlines()
    assert len(lines) == 4
    assert lines[0].startswith("4 rows in 2 classes")
    assert lines[-1] == f"The page: {(tmp_path / 'page.html').as_uri()}"


def test_an_existing_file_is_replaced_only_with_force(tamis, reviews, tmp_path):
    page = tmp_path / "page.html"
    page.write_text("mine")
    outcome = tamis("explore", "reviews", "-o", page)
    assert outcome.code == 2
    assert "exists already" in outcome.err
    assert "--force" in outcome.err
    assert page.read_text() == "mine"
    assert tamis("explore", "reviews", "-o", page, "--force").code == 0
    assert page.read_text().startswith("<!doctype html>")


def test_a_csv_beside_a_picture_is_not_overwritten_either(tamis, reviews, tmp_path):
    (tmp_path / "cloud.csv").write_text("mine")
    outcome = tamis("explore", "reviews", "--wordcloud", tmp_path / "cloud.png")
    assert outcome.code == 2
    assert (tmp_path / "cloud.csv").read_text() == "mine"


def test_a_folder_with_files_is_not_filled(tamis, reviews, tmp_path):
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "mine.txt").write_text("mine")
    assert tamis("explore", "reviews", "--plots", tmp_path / "plots").code == 2
    assert tamis("explore", "reviews", "--plots", tmp_path / "plots", "--force").code == 0
    assert (tmp_path / "plots" / "class-balance.png").exists()


def test_just_the_cloud_and_the_terms(tamis, reviews, tmp_path):
    outcome = tamis(
        "explore", "reviews", "--wordcloud", tmp_path / "c.png", "--top-terms", tmp_path / "t.png", "--terms", "2"
    )
    assert outcome.code == 0, outcome.err
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["c.csv", "c.png", "t.csv", "t.png"]
    assert (tmp_path / "t.csv").read_text().splitlines() == [
        "term,times,texts,share_of_texts",
        "fish,2,2,0.5",
        "red,2,2,0.5",
    ]


def test_a_text_file_and_a_text(tamis, tmp_path):
    notes = tmp_path / "notes.txt"
    notes.write_text("red fish\n\nblue fish\n")
    assert tamis("explore", notes, "--top-terms", tmp_path / "t.csv", "--terms", "1").code == 0
    assert (tmp_path / "t.csv").read_text().splitlines()[1] == "fish,2,2,1"
    assert tamis("explore", "--text", "sea sea sky", "--top-terms", tmp_path / "u.csv").code == 0
    assert (tmp_path / "u.csv").read_text().splitlines()[1:] == ["sea,2,1,1", "sky,1,1,1"]
    assert tamis("explore", notes, "-o", tmp_path / "notes.html").code == 0


def test_stop_words_from_a_language_a_file_or_not_at_all(tamis, tmp_path):
    (tmp_path / "mine.txt").write_text("Fish\n")

    def first(choice):
        path = tmp_path / "terms.csv"
        outcome = tamis(
            "explore", "--text", "the the the fish fish sea", "--stop-words", choice, "--top-terms", path, "--force"
        )
        assert outcome.code == 0, outcome.err
        return path.read_text().splitlines()[1].split(",")[0]

    assert (first("en"), first("none"), first(tmp_path / "mine.txt")) == ("fish", "the", "the")


def test_json_gives_all_numbers(tamis, reviews):
    outcome = tamis("explore", "reviews", "--json")
    assert outcome.code == 0, outcome.err
    numbers = json.loads(outcome.out)
    assert numbers["sizes"]["rows"] == 4
    assert numbers["balance"]["classes"][0]["rows"] == 2
    assert numbers["settings"]["seed"] == 42
    assert numbers["files"] == []


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "explore what?"),
        (("reviews", "--text", "a"), "not two of them"),
        (("reveiws",), "Did you mean 'reviews'"),
        (("reviews", "--wordcloud", "cloud.svg"), "must end in .png"),
        (("reviews", "--stop-words", "klingon", "--json"), "no stop words for the language 'klingon'"),
        (("reviews", "--stop-words", "./none.txt", "--json"), "no stop-word file"),
        (("--text", "the of", "--wordcloud", "cloud.png"), "no words but stop words"),
        (("--text", "", "--wordcloud", "cloud.png"), "no words"),
    ],
)
def test_mistakes_are_told(words, message, tamis, reviews, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = tamis("explore", *words)
    assert outcome.code == 2
    assert message in outcome.err
    assert not list(tmp_path.glob("*.png"))


def test_a_table_is_not_a_text_file(tamis, tmp_path):
    table = tmp_path / "reviews.csv"
    table.write_text("text,label\na,b\n")
    outcome = tamis("explore", table)
    assert outcome.code == 2
    assert f"tamis data import {table} --name reviews" in outcome.err


def test_a_file_that_is_no_text(tamis, tmp_path):
    (tmp_path / "photo").write_bytes(b"\xff\xfe\x00\x01")
    outcome = tamis("explore", tmp_path / "photo")
    assert outcome.code == 1
    assert "not UTF-8 text" in outcome.err
