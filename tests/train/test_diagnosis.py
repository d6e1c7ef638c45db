"""Diagnosis: each rule sees the fault that was planted, in numbers, and is silent in a training that goes well."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tamis.core import DataError, UsageError
from tamis.train import TrainSettings
from tamis.train.diagnosis import KIND, RULES, Diagnosis
from tamis.train.events import EpochDone, Noted, StepDone, StopTraining

SECONDS = {"data": 0.01, "forward": 0.4, "backward": 0.5, "optimizer": 0.05}


def step(number, *, steps=300, **changes):
    """A step of a training that goes well."""
    falling = 0.1 + math.exp(-number / 60)
    said = {
        "epoch": 1 + (number - 1) // 100,
        "loss": falling,
        "learning_rate": 1e-4,
        "gradient_norm": 2 * falling,
        "rows": 32,
        "tokens": 900,
        "padded_tokens": 1000,
        "seconds": SECONDS,
        "layer_norms": {"embeddings": 0.1 * falling, "layer 0": 0.5 * falling, "head": falling},
        "idle_units": {"layer 0": 0.02, "head": 0.0} if number % 50 == 1 else {},
    }
    return StepDone(step=number, steps=steps, **{**said, **changes})


def epoch(number, **changes):
    said = {
        "train_loss": 1.0 / number,
        "validation": {"loss": 1.1 / number + 0.1, "accuracy": 0.8},
        "best": True,
        "predicted": {"bad": 12, "good": 9, "odd": 0},
    }
    return EpochDone(epoch=number, step=100 * number, **{**said, **changes})


def notes_of(events, *, stop_on=()):
    heard = []
    watch = Diagnosis(heard.append, stop_on=stop_on)
    for event in events:
        watch(event)
    return [event for event in heard if isinstance(event, Noted)]


def well():
    """Three epochs of a hundred steps that go well."""
    for number in range(1, 301):
        yield step(number)
        if number % 100 == 0:
            yield epoch(number // 100)


def with_fault(fault, *, from_step=1):
    """The same training with a fault in each step or epoch from one on; a fault is a function to changes or None."""
    return list(_with_fault(fault, from_step))


def _with_fault(fault, from_step):
    for event in well():
        late = event.step >= from_step
        if isinstance(event, StepDone):
            yield step(event.step, **((fault(event) or {}) if late else {}))
        else:
            yield epoch(event.epoch, **((fault(event) or {}) if late else {}))


def in_steps(**changes):
    return lambda event: (
        {name: value(event) if callable(value) else value for name, value in changes.items()}
        if isinstance(event, StepDone)
        else None
    )


def in_epochs(**changes):
    return lambda event: (
        {name: value(event) if callable(value) else value for name, value in changes.items()}
        if isinstance(event, EpochDone)
        else None
    )


FAULTS = {
    "nan": (
        with_fault(in_steps(loss=math.nan), from_step=150),
        ["the loss of step 150 is nan, at a rate of 0.0001", "lower learning_rate"],
    ),
    "not_learning": (
        with_fault(in_steps(loss=lambda event: 1.1 + 0.01 * math.sin(event.step))),
        ["the loss does not fall: 1.1 in the first 20 steps, 1.1 in the last 20 up to step 100", "learning_rate ten"],
    ),
    "overfitting": (
        with_fault(
            in_epochs(
                train_loss=lambda event: [0.8, 0.4, 0.1][event.epoch - 1],
                validation=lambda event: {"loss": [0.5, 0.7, 0.9][event.epoch - 1]},
            )
        ),
        ["rose from 0.5 (epoch 1) to 0.9 (epoch 3)", "fell from 0.8 to 0.1", "fewer epochs"],
    ),
    "exploding": (
        with_fault(in_steps(gradient_norm=lambda event: 80.0 * event.step), from_step=40),
        ["of 20 steps up to step 42 3 had one longer than 40.5", "the longest 3.36e+03", "a longer warm_up"],
    ),
    "vanishing": (
        with_fault(in_steps(layer_norms={"layer 0": 1e-8, "head": 1.0}), from_step=10),
        ["that of layer 0 was 1e-08 in step 29", "20 steps", "another backbone"],
    ),
    "dead_units": (
        with_fault(in_steps(idle_units=lambda event: {"layer 0": 0.62} if event.step % 50 == 1 else {})),
        ["62% of the units of layer 0 are dead", "in step 101 and the 2 looks before", "lower learning_rate"],
    ),
    "collapse": (
        with_fault(in_epochs(predicted={"bad": 21, "good": 0, "odd": 0})),
        ["all 21 answers on validation rows were 'bad' after epoch 2, of 3 labels", "class_weights balanced"],
    ),
    "starving": (
        with_fault(in_steps(seconds={**SECONDS, "data": 1.0})),
        ["took 51% of the time of a step (1000 ms) in the 30 steps up to step 30", "local disk"],
    ),
}


def test_every_rule_has_a_planted_fault():
    assert set(FAULTS) == set(RULES)
    assert len({type(make()) for make in RULES.values()}) == len(RULES)


def test_a_training_that_goes_well_is_left_in_peace():
    assert notes_of(well()) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_seen_once_and_nothing_else(name):
    events, parts = FAULTS[name]
    notes = notes_of(events)
    assert [note.kind for note in notes] == [f"{KIND}{name}"]
    for part in parts:
        assert part in notes[0].message
    assert ": try " in notes[0].message or name == "nan"
    with pytest.raises(StopTraining) as stopped:
        notes_of(events, stop_on=[name])
    assert str(stopped.value) == notes[0].message


@pytest.mark.parametrize(
    ("name", "fault", "part"),
    [
        ("nan", in_epochs(train_loss=math.inf), "the loss of epoch 1 is no number"),
        ("nan", in_epochs(validation={"loss": math.nan}), "the loss of epoch 1 is no number"),
        ("nan", in_steps(gradient_norm=math.inf), "the gradient was no number in 20 steps up to step 20"),
        ("vanishing", in_steps(gradient_norm=1e-9, layer_norms={}), "that of the whole model was 1e-09 in step 20"),
        ("collapse", in_epochs(predicted={"OFF": 0, "UNT": 0}), "none of the validation rows was given a label"),
    ],
)
def test_other_faces_of_a_fault(name, fault, part):
    notes = notes_of(with_fault(fault))
    assert [note.kind for note in notes] == [f"{KIND}{name}"]
    assert part in notes[0].message


@pytest.mark.parametrize(
    "fault",
    [
        # fp16 finds its scale: some gradients without end are left out
        in_steps(gradient_norm=lambda event: math.inf if event.step < 12 else 1.0),
        # one hard row
        in_steps(gradient_norm=lambda event: 500.0 if event.step == 90 else 1.0),
        # late gradients are tiny, a hard row stands out
        in_steps(gradient_norm=lambda event: 2.0 if event.step % 10 == 0 else 0.001 if event.step > 100 else 2.0),
        # what is learned needs no gradient
        in_steps(loss=lambda event: 1 / event.step**2, gradient_norm=1e-9, layer_norms={}),
        # a frozen part has none
        in_steps(layer_norms={"head": 1.0}),
        # the first epoch often knows one label only
        lambda event: (
            {"predicted": {"bad": 21, "good": 0}} if isinstance(event, EpochDone) and event.epoch == 1 else None
        ),
        # validation gets worse with training: that is not learning by heart
        in_epochs(train_loss=1.0, validation=lambda event: {"loss": 0.5 * event.epoch}),
        # nothing to validate on
        in_epochs(validation={}, predicted={}),
        # one slow read
        in_steps(seconds=lambda event: {**SECONDS, "data": 5.0} if event.step == 50 else SECONDS),
        # an idle look among others
        in_steps(idle_units=lambda event: {"layer 0": 0.9} if event.step == 51 else {"layer 0": 0.1}),
    ],
)
def test_what_is_no_fault(fault):
    assert notes_of(with_fault(fault)) == []


def test_short_trainings_are_judged_too():
    events = [step(number, steps=9, loss=1.1) for number in range(1, 10)]
    assert [note.kind for note in notes_of(events)] == [f"{KIND}not_learning"]
    assert notes_of([step(number, steps=9, loss=1.1 - 0.05 * number) for number in range(1, 10)]) == []


def test_nan_before_any_epoch_is_a_failure_for_there_is_nothing_to_keep():
    events = with_fault(in_steps(loss=math.nan), from_step=30)
    with pytest.raises(DataError, match="the loss of step 30 is nan, .* no epoch was done whose weights") as caught:
        notes_of(events, stop_on=["nan"])
    assert "lower learning_rate" in str(caught.value)


def test_all_that_is_seen_in_one_event_is_noted_before_the_end():
    heard = []
    watch = Diagnosis(heard.append, stop_on=("collapse",))
    with pytest.raises(StopTraining, match="all 9 answers"):
        watch(epoch(2, predicted={"a": 9, "b": 0}, train_loss=math.nan))
    assert [event.kind for event in heard[1:]] == ["diagnosis.nan", "diagnosis.collapse"]


def test_a_name_that_is_no_rule():
    with pytest.raises(UsageError, match=r"no diagnosis 'nann'\. Diagnoses: nan, .*Did you mean 'nan'"):
        Diagnosis(lambda event: None, stop_on=["nann"])
    with pytest.raises(ValueError, match=r"no diagnosis 'overfit'.*Did you mean 'overfitting'"):
        TrainSettings(stop_on=("overfit",))


# ---------------------------------------------------------------- real trainings


def kinds(heard):
    return [event.kind for event in heard if isinstance(event, Noted)]


@pytest.mark.slow
def test_a_real_training_that_goes_well_is_left_in_peace(tiny, tmp_path):
    heard = []
    tiny.fit(tmp_path, {"epochs": 4, "keep": "highest"}, rows=200, emit=heard.append)
    looked = [event for event in heard if isinstance(event, StepDone) and event.idle_units]
    assert [event.step for event in looked][:2] == [1, 51]
    assert set(looked[0].idle_units) == {"layer 0", "layer 1", "head"}
    assert all(share < 0.3 for event in looked for share in event.idle_units.values())
    assert [kind for kind in kinds(heard) if kind != f"{KIND}starving"] == []  # a busy machine may starve it


@pytest.mark.slow
def test_a_rate_that_is_too_high_ends_in_nan_or_collapse(tiny, tmp_path):
    heard = []
    tiny.fit(tmp_path, {"epochs": 4, "learning_rate": 5.0, "clip": 0.0, "patience": 0}, rows=120, emit=heard.append)
    assert {f"{KIND}collapse", f"{KIND}not_learning", f"{KIND}exploding", f"{KIND}dead_units"} & set(kinds(heard))


def test_a_real_nan_ends_the_run(tiny, tmp_path):
    rows = tiny.make_rows(60, weights=np.full(60, np.nan, np.float32))
    with pytest.raises(DataError, match="the loss of step 1 is nan"):
        tiny.fit(tmp_path, {"epochs": 2}, train=rows)


def test_dead_units_of_a_real_model_are_counted():
    import torch

    from tamis.train.idle import idle_units

    torch.manual_seed(0)
    below, above = torch.nn.Linear(8, 10), torch.nn.Linear(10, 2)
    with torch.no_grad():
        below.bias[:7] = -1000.0  # a ReLU behind never lets these through
    above(below(torch.randn(32, 8)).relu()).square().sum().backward()
    named = [("below", below.weight.grad), ("above", above.weight.grad), ("bias", below.bias.grad)]
    assert idle_units(named, {"below": "layer 0", "above": "head", "bias": "layer 0"}) == {"layer 0": 0.7, "head": 0.0}
