"""Calibrators: the fit of each kind of calibration to logits whose true labels are known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tamis.decide.calibration import Calibration, Curve, Method
from tamis.tasks import Task, sigmoid, softmax

Numbers = npt.NDArray[np.float64]
_RIDGE = 1.0  # pulls scales to 1 and shifts to 0 as strongly as one row would


def _none(task: Task, logits: Numbers, truth: npt.NDArray[np.generic]) -> Calibration:
    return Calibration()


def _temperature(task: Task, logits: Numbers, truth: npt.NDArray[np.generic]) -> Calibration:
    outputs = logits.shape[1]
    scales, _ = _descend(task, logits, truth, scales=1 if task.exclusive else outputs, shifts=0)
    return Calibration(method="temperature", scale=scales)


def _vector(task: Task, logits: Numbers, truth: npt.NDArray[np.generic]) -> Calibration:
    outputs = logits.shape[1]
    scales, shifts = _descend(task, logits, truth, scales=outputs, shifts=outputs)
    return Calibration(method="vector", scale=scales, shift=shifts)


def _isotonic(task: Task, logits: Numbers, truth: npt.NDArray[np.generic]) -> Calibration:
    from sklearn.isotonic import IsotonicRegression

    raw = softmax(logits) if task.exclusive else sigmoid(logits)
    bears = _bears(truth, logits.shape[1])
    least = 1 / (len(truth) + 2)  # no finite number of rows shows that something never happens
    curves = []
    for output in range(raw.shape[1]):
        model = IsotonicRegression(y_min=least, y_max=1 - least, out_of_bounds="clip")
        model.fit(raw[:, output], bears[:, output])
        curves.append(Curve(said=tuple(model.X_thresholds_.tolist()), means=tuple(model.y_thresholds_.tolist())))
    return Calibration(method="isotonic", curves=tuple(curves))


def _descend(
    task: Task, logits: Numbers, truth: npt.NDArray[np.generic], *, scales: int, shifts: int
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the scales and shifts of the lowest log-loss. Scales stay above 0, so no label's order turns round."""
    from scipy.optimize import minimize

    bears = _bears(truth, logits.shape[1])
    rows = len(logits)

    def loss(parameters: Numbers) -> tuple[float, Numbers]:
        scale, shift = np.exp(parameters[:scales]), parameters[scales:]
        scaled = logits * scale + (shift if shifts else 0.0)
        if task.exclusive:
            top = scaled.max(axis=1, keepdims=True)
            value = float((top[:, 0] + np.log(np.exp(scaled - top).sum(1)) - (scaled * bears).sum(1)).mean())
            slope = (softmax(scaled) - bears) / rows
        else:
            value = float((np.logaddexp(0, scaled) - scaled * bears).sum(1).mean())
            slope = (sigmoid(scaled) - bears) / rows
        by_scale = (slope * logits).sum(0)
        by_scale = (by_scale if scales > 1 else by_scale.sum(keepdims=True)) * scale
        steps = np.concatenate([by_scale, slope.sum(0)]) if shifts else by_scale
        return value + _RIDGE * float(parameters @ parameters) / 2 / rows, steps + _RIDGE * parameters / rows

    bounds = [(-7.0, 5.0)] * scales + [(None, None)] * shifts
    found = minimize(loss, np.zeros(scales + shifts), jac=True, method="L-BFGS-B", bounds=bounds).x
    return tuple(np.exp(found[:scales]).tolist()), tuple(found[scales:].tolist())


def _bears(truth: npt.NDArray[np.generic], outputs: int) -> Numbers:
    if truth.ndim == 1:
        return np.asarray(truth.astype(np.int64)[:, None] == np.arange(outputs), np.float64)
    return np.asarray(truth.astype(np.float64) > 0.5, np.float64)


CALIBRATORS: dict[Method, Callable[[Task, Numbers, npt.NDArray[np.generic]], Calibration]] = {
    "none": _none,
    "temperature": _temperature,
    "vector": _vector,
    "isotonic": _isotonic,
}
