"""Calibration: probabilities mean what they say, and no kind is taken that over-fits."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tamis.core import DataError, LabelSet, UsageError
from tamis.decide import Calibration, Curve, fit_calibration
from tamis.tasks import MASKED, MultiLabel, Ordinal, SingleLabel


def error(task, calibration, rows):
    return task.tally(rows.truth, calibration.probabilities(task, rows.logits)).score()["ece"]


@pytest.mark.parametrize("method", ["auto", "temperature", "vector", "isotonic"])
@pytest.mark.parametrize("kind", [SingleLabel, Ordinal])
def test_calibration_at_least_halves_the_error_on_unseen_rows(kind, method, draw):
    task = kind(LabelSet(["a", "b", "c"]))
    fitting, unseen = draw(1000, seed=1), draw(4000, seed=2)
    calibration, report = fit_calibration(task, fitting.logits, fitting.truth, method=method)
    assert error(task, calibration, unseen) < error(task, Calibration(), unseen) / 2
    assert report.method == calibration.method
    assert method in ("auto", calibration.method)


@pytest.mark.parametrize("method", ["auto", "vector", "isotonic"])
def test_each_of_several_labels_is_calibrated_by_itself(method, olid, draw_sets):
    fitting, unseen = draw_sets(1500, seed=1), draw_sets(4000, seed=2)
    calibration, _ = fit_calibration(olid, fitting.logits, fitting.truth, method=method)
    assert error(olid, calibration, unseen) < error(olid, Calibration(), unseen) / 2


def test_the_temperature_is_found(task, draw):
    rows = draw(5000, heat=3)
    calibration, report = fit_calibration(task, rows.logits, rows.truth)
    assert report.method == "temperature"
    assert calibration.scale[0] == pytest.approx(1 / 3, rel=0.1)
    assert [score.method for score in report.tried] == ["none", "temperature", "vector", "isotonic"]


def test_what_is_calibrated_already_stays_as_it_is(task, draw):
    rows = draw(2000, heat=1)
    calibration, report = fit_calibration(task, rows.logits, rows.truth)
    assert calibration == Calibration()
    assert report.reason.startswith("none: ")


def test_what_a_temperature_cannot_mend_is_mended_by_more(task, draw):
    rows = draw(3000, heat=1)
    shifted = rows.logits + np.array([4.0, 0, 0])
    _, report = fit_calibration(task, shifted, rows.truth)
    assert report.method == "vector"


def test_few_rows_leave_the_simple_kinds(task, draw):
    rows = draw(20)
    calibration, report = fit_calibration(task, rows.logits, rows.truth)
    assert calibration.method == "none"
    assert report.reason == "20 rows are too few to calibrate on: 30 are needed"
    rows = draw(50)
    _, report = fit_calibration(task, rows.logits, rows.truth)
    assert [score.method for score in report.tried] == ["none", "temperature"]
    assert "50 rows are too few for vector and isotonic" in report.reason
    _, report = fit_calibration(task, rows.logits, rows.truth, method="isotonic")
    assert report.method == "isotonic"
    assert "which are few for it: 300 would be sound" in report.reason


def test_separable_rows_do_not_drive_scores_to_infinity(task):
    truth = np.arange(60) % 3
    calibration, _ = fit_calibration(task, np.eye(3)[truth], truth, method="vector")
    assert max(calibration.scale) < 100
    assert np.isfinite(calibration.probabilities(task, np.eye(3) * 10)).all()


def test_rows_without_label_are_left_out(task, draw):
    rows = draw(400)
    masked = np.where(np.arange(400) < 100, MASKED, rows.truth)
    one, _ = fit_calibration(task, rows.logits, masked)
    other, _ = fit_calibration(task, rows.logits[100:], rows.truth[100:])
    assert one == other
    calibration, report = fit_calibration(task, rows.logits, np.full(400, MASKED), method="vector")
    assert calibration == Calibration()
    assert report.reason == "0 rows have a label: nothing can be fitted"


def test_a_calibration_of_another_model_is_told(task):
    with pytest.raises(DataError, match="the calibration has 2 values of scale for 3 outputs: vector"):
        Calibration(method="vector", scale=(1, 2)).probabilities(task, np.zeros((1, 3)))


def test_wrong_scores_are_told(task):
    with pytest.raises(DataError, match=r"row 1 \(from 0\) has scores that are no numbers"):
        fit_calibration(task, np.array([[0, 0, 0], [np.nan, 0, 0]]), np.array([0, 1]))
    with pytest.raises(UsageError, match="no calibration named 'isotonc'.*Did you mean 'isotonic'"):
        fit_calibration(task, np.zeros((2, 3)), np.array([0, 1]), method="isotonc")


CALIBRATIONS = [
    Calibration(),
    Calibration(method="temperature", scale=(0.3,)),
    Calibration(method="vector", scale=(0.5, 2, 1, 1, 3, 0.1), shift=(1, -1, 0, 2, 0, -3)),
    Calibration(method="isotonic", curves=(Curve(said=(0.2, 0.6, 0.9), means=(0.0, 0.1, 1.0)),) * 6),
]
logits = arrays(np.float64, st.tuples(st.integers(0, 5), st.just(6)), elements=st.floats(-1e4, 1e4))


@settings(deadline=None)
@given(logits, st.sampled_from(CALIBRATIONS))
def test_any_logits_give_probabilities(logits, calibration):
    single = SingleLabel(LabelSet("abcdef"))
    probabilities = calibration.probabilities(single, logits)
    assert probabilities.sum(1) == pytest.approx(np.ones(len(logits)))
    several = MultiLabel(LabelSet("abcdef"), parents={"b": "a", "c": "b"})
    probabilities = calibration.probabilities(several, logits)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    assert (np.diff(probabilities[:, :3], axis=1) <= 0).all()
