"""Intervals: they hold the truth as often as they say, copies add no certainty, and differences are paired."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tamis.evaluate import Bootstrap, difference, measure
from tamis.evaluate.intervals import interval, only


def draws(rows, **options):
    return Bootstrap.of(rows.known, **({"resamples": 200} | options))


def labels(count, seed, names="abc"):
    return np.random.default_rng(seed).choice(list(names), count).tolist()


@pytest.mark.slow
@pytest.mark.parametrize(("count", "names"), [(25, ("accuracy",)), (150, ("accuracy", "macro_f1", "log_loss"))])
def test_intervals_hold_the_true_score_about_as_often_as_they_say(make_rows, count, names):
    many = make_rows(labels(200_000, 1), strength=1.5)
    truth = only(many.tally, *names).score()
    held = dict.fromkeys(names, 0)
    for seed in range(150):
        rows = make_rows(labels(count, seed), strength=1.5, seed=1000 + seed)
        measured = measure(only(rows.tally, *names), draws(rows, seed=seed))
        for name in names:
            found = measured.overall[name]
            held[name] += found.low <= truth[name] <= found.high
    assert all(0.90 <= times / 150 <= 0.995 for times in held.values()), held


@pytest.mark.slow
def test_the_calibration_error_of_a_calibrated_model_may_be_next_to_nothing(make_rows):
    held = 0
    for seed in range(40):
        logits = np.random.default_rng(seed).normal(size=(200, 3)) * 2
        odds = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        drawn = [np.random.default_rng([seed, row]).choice(list("abc"), p=line) for row, line in enumerate(odds)]
        rows = make_rows(drawn, logits=logits)
        error = measure(only(rows.tally, "ece"), draws(rows)).overall["ece"]
        assert error.low <= error.value <= error.high
        held += error.low < 0.02  # the truth is 0, which the plain estimate can never reach
    assert held >= 36


def test_a_perfect_score_of_few_rows_is_not_certain(make_rows):
    rows = make_rows(labels(10, 0), strength=50)
    measured = measure(rows.tally, draws(rows))
    assert measured.overall["accuracy"].value == 1
    assert measured.overall["accuracy"].low == pytest.approx(0.722, abs=0.001)  # Wilson's, of 10 of 10
    assert measured.overall["macro_f1"].low < 0.75


def test_copies_of_a_text_add_no_certainty(make_rows):
    once = make_rows(labels(60, 0), strength=1)
    often = make_rows(
        [label for label in labels(60, 0) for _ in range(9)],
        logits=np.repeat(once.logits, 9, axis=0),
        texts=[text for text in once.texts for _ in range(9)],
    )
    for name in ("accuracy", "macro_f1"):
        alone = measure(only(once.tally, name), draws(once, texts=once.texts)).overall[name]
        copied = measure(only(often.tally, name), draws(often, texts=often.texts)).overall[name]
        naive = measure(only(often.tally, name), draws(often)).overall[name]
        assert copied.value == pytest.approx(alone.value)
        assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.1)
        assert naive.high - naive.low < 0.5 * (copied.high - copied.low)


def test_rows_of_one_group_are_drawn_together(make_rows):
    rows = make_rows(labels(6, 0))
    bootstrap = draws(rows, groups=pa.chunked_array([["x", "x", None, "y", "y", None]]))
    assert (bootstrap.count, bootstrap.by) == (4, "groups")
    weights = np.concatenate(list(bootstrap.weights()))
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 3] == weights[:, 4]).all()
    assert not (weights[:, 2] == weights[:, 5]).all()
    assert weights[:, [0, 2, 3, 5]].sum(1).tolist() == [4] * 200


def test_rows_without_a_label_are_never_drawn(make_rows):
    rows = make_rows(["a", None, "b", "c"])
    bootstrap = draws(rows)
    assert bootstrap.count == 3
    assert not np.concatenate(list(bootstrap.weights()))[:, 1].any()


def test_the_same_seed_draws_the_same_and_another_draws_otherwise(make_rows):
    rows = make_rows(labels(50, 0), strength=1)
    one, same, other = (measure(rows.tally, draws(rows, seed=seed)).overall["macro_f1"] for seed in (3, 3, 4))
    assert one == same
    assert one != other


def test_a_model_against_itself_differs_by_nothing_at_all(make_rows):
    rows = make_rows(labels(80, 0), strength=1)
    bootstrap = draws(rows)
    measured = measure(rows.tally, bootstrap)
    assert difference("macro_f1", measured, measured, bootstrap).to_dict() == {"value": 0, "low": 0, "high": 0}


def test_a_paired_difference_is_narrower_than_the_scores(make_rows):
    rows = make_rows(labels(200, 0), strength=1)
    better = rows.logits.copy()
    better[:10] = np.eye(3)[rows.truth[:10]] * 9
    other = make_rows(labels(200, 0), logits=better)
    bootstrap = draws(rows)
    one, two = measure(other.tally, bootstrap), measure(rows.tally, bootstrap)
    gap = difference("accuracy", one, two, bootstrap)
    assert gap.value == one.overall["accuracy"].value - two.overall["accuracy"].value > 0
    assert gap.high - gap.low < 0.6 * (two.overall["accuracy"].high - two.overall["accuracy"].low)


def test_what_is_not_defined_has_no_interval(make_rows):
    rows = make_rows(["a", "a", "b"])
    measured = measure(rows.tally, draws(rows))
    assert measured.by_label["c"]["recall"].to_dict() == {"value": None, "low": None, "high": None}
    alone = make_rows(["a"])
    assert np.isnan(measure(alone.tally, draws(alone)).overall["macro_f1"].low) or alone.wrong[0] in (0, 1)


def test_very_many_rows_are_drawn_less_often():
    assert Bootstrap.of(np.ones(2_000_000, np.bool_), resamples=1000).resamples == 250
    assert Bootstrap.of(np.ones(10_000, np.bool_), resamples=1000).resamples == 1000


def test_an_interval_always_holds_its_own_value():
    bootstrap = Bootstrap(np.arange(30), 100)
    found = interval("macro_f1", 0.9, np.linspace(0.3, 0.5, 100), bootstrap, rows=30)
    assert found.low <= 0.9 <= found.high
