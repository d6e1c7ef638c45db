"""Slices: by length, column and SQL condition; what is too small is said; a planted fault is found and noise is not."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from tamis.core import UsageError
from tamis.evaluate import Bootstrap
from tamis.evaluate.found import find_slices
from tamis.evaluate.slices import by_column, by_conditions, by_length, slices_of

WORDS = [f"{first}{last}" for first in ("al", "be", "ze") for last in ("ta", "pha", "mi", "ro", "no", "ku", "la")]


def texts_of(count, seed=0):
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, size).tolist()) for size in random.integers(1, 9, count)]


def labels_of(count, seed=0):
    return np.random.default_rng(seed).choice(["a", "b"], count).tolist()


def draws(rows):
    return Bootstrap.of(rows.known, resamples=100)


def names(parts):
    return [part.name for part in parts]


def test_lengths_are_quarters_that_take_every_row_once(make_rows):
    rows = make_rows(labels_of(200), texts=["", *texts_of(199)])
    parts = list(by_length(rows, unit="words"))
    assert 2 <= len(parts) <= 4
    assert sum(part.inside.astype(int) for part in parts).tolist() == [0] + [1] * 199
    assert names(parts)[0].startswith("up to ")
    assert names(parts)[-1].endswith(" and more words")


def test_a_slice_counts_its_own_rows_only(make_rows):
    rows = make_rows([*labels_of(99), None], strength=1, kind=["x"] * 40 + ["y"] * 60)
    slices = slices_of(rows, list(by_column(rows, "kind")), draws(rows), least=10, baseline=rows)
    found = {each.name: each for each in slices.shown}
    assert (found["x"].rows, found["y"].rows) == (40, 59)
    assert found["x"].error.value == pytest.approx(rows.wrong[:40].mean())
    assert found["x"].error.low < found["x"].error.value < found["x"].error.high
    assert found["x"].score.value == pytest.approx(rows.tally.score(np.arange(100) < 40)["macro_f1"])
    assert found["x"].baseline == found["x"].error
    assert slices.measure == "macro_f1"


def test_small_slices_are_said_and_not_shown(make_rows):
    rows = make_rows(labels_of(100), kind=["x"] * 95 + ["y"] * 5)
    slices = slices_of(rows, list(by_column(rows, "kind")), draws(rows), least=30)
    assert names(slices.shown) == ["x"]
    assert slices.small == (("kind", "y", 5),)


def test_columns_of_every_kind_have_values(make_rows):
    day = datetime.date(2024, 1, 1)
    rows = make_rows(
        labels_of(100),
        number=list(range(100)),
        stars=[row % 5 for row in range(100)],
        yes=[None if row == 7 else row % 2 == 0 for row in range(100)],
        when=[day + datetime.timedelta(days=3 * row) for row in range(100)],
        tags=[["x"]] * 100,
    )
    assert [part.inside.sum() for part in by_column(rows, "number")] == [25, 25, 25, 25]
    assert sorted(names(by_column(rows, "stars"))) == list("01234")
    assert sorted(names(by_column(rows, "yes"))) == ["(none)", "false", "true"]
    assert names(by_column(rows, "when"))[0].startswith("2024-")
    with pytest.raises(UsageError, match="no plain values"):
        list(by_column(rows, "tags"))
    with pytest.raises(UsageError, match=r"no column 'star' .*Did you mean 'stars'"):
        list(by_column(rows, "star"))


def test_conditions_are_sql_over_columns_and_answers(make_rows, workspace):
    rows = make_rows([*labels_of(59), None], strength=1, texts=texts_of(60), stars=[row % 5 for row in range(60)])
    parts = by_conditions(
        rows, ["loved: stars > 3", "short: words <= 2", "wrong", "odd: said = 'a' AND label = 'b' -- so"], workspace
    )
    assert names(parts) == ["loved", "short", "wrong", "odd"]
    assert parts[0].inside.tolist() == [row % 5 > 3 for row in range(60)]
    assert parts[1].inside.tolist() == [len(text.split()) <= 2 for text in rows.texts]
    assert parts[2].inside.tolist() == [flag > 0 for flag in np.nan_to_num(rows.wrong)]
    assert parts[3].inside.sum() == sum(
        (said, label) == ("a", "b") for said, label in zip(rows.answers, rows.task_labels, strict=True)
    )


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("x: star > 3", "star"),
        ("x:", "has no condition"),
        ("x: stars >", "--slice 'x'"),
        ("x: 1 = 1) FROM rows; DROP TABLE rows; --", "--slice 'x'"),
    ],
)
def test_a_wrong_condition_says_what_is_wrong(make_rows, workspace, condition, message):
    rows = make_rows(labels_of(10), stars=[1] * 10)
    with pytest.raises(UsageError, match=message):
        by_conditions(rows, [condition], workspace)


def planted(make_rows, where, *, count=600, noise=0.08, **columns):
    """Rows that are wrong more often where `where` says so."""
    texts, labels = texts_of(count), labels_of(count)
    random = np.random.default_rng(1)
    bad = np.array([where(text, row) for row, text in enumerate(texts)])
    wrong = random.random(count) < np.where(bad, 0.6, noise)
    truth = np.array([["a", "b"].index(label) for label in labels])
    logits = np.eye(2)[np.where(wrong, 1 - truth, truth)] * 3
    return make_rows(labels, names=("a", "b"), texts=texts, logits=logits, **columns), bad


def test_a_planted_fault_is_found(make_rows):
    rows, bad = planted(make_rows, lambda text, row: "zeta" in text.split())
    found = find_slices(rows, list(by_length(rows, unit="words")), draws(rows), least=30)
    assert found.slices[0].name == "the word “zeta”"
    assert found.slices[0].rows == bad.sum()
    assert found.slices[0].error.low > found.slices[0].elsewhere
    assert all(bad[row] and rows.wrong[row] for row in found.slices[0].examples)
    assert found.tried > 10


def test_a_fault_of_a_column_and_a_word_together_is_found(make_rows):
    kind = ["x" if row % 3 == 0 else "y" for row in range(1500)]
    rows, _ = planted(
        make_rows, lambda text, row: "zeta" in text.split() and row % 3 == 0, count=1500, noise=0.05, kind=kind
    )
    found = find_slices(rows, [], draws(rows), least=30)
    assert set(found.slices[0].name.split(" and ")) == {"the word “zeta”", "kind = x"}


@pytest.mark.slow
def test_where_mistakes_are_drawn_by_lot_next_to_nothing_is_found(make_rows):
    finds = 0
    for seed in range(30):
        rows = make_rows(labels_of(300, seed), names=("a", "b"), texts=texts_of(300, seed), strength=1, seed=seed)
        finds += bool(find_slices(rows, list(by_length(rows, unit="words")), draws(rows), least=30).slices)
    assert finds <= 3


def test_few_rows_and_many_tries_prove_nothing(make_rows):
    random = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in random.integers(0, 400, 12)) for _ in range(2000)]
    for seed in range(3):
        labels = labels_of(2000, seed)
        rows = make_rows(labels, names=("a", "b"), texts=texts, strength=1.5, seed=seed)
        found = find_slices(rows, [], draws(rows), least=30)
        assert found.tried >= 400
        assert found.slices == ()


def test_a_model_without_mistakes_has_no_weak_slices(make_rows):
    rows = make_rows(labels_of(100), strength=50)
    assert find_slices(rows, [], draws(rows), least=30).slices == ()
