"""Checkpoints: whole or not there, the newest sound one is taken, and a full disk costs a message."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tamis.train.events import EpochDone, Noted, StepDone


class Crash(Exception):
    """What a test raises in the middle of a training."""


def crash_after(step, heard):
    def listen(event):
        heard.append(event)
        if isinstance(event, StepDone) and event.step == step:
            raise Crash

    return listen


def newest_first(folder):
    return sorted((folder / "checkpoints").glob("step-*"), reverse=True)


def bytes_of(folder, draft="draft"):
    return (folder / draft / "model.safetensors").read_bytes()


def crashed(tiny, folder, *, step, **settings):
    with pytest.raises(Crash):
        tiny.fit(folder, {"epochs": 3, **settings}, emit=crash_after(step, []))


def notes_of(heard):
    """What was noted of checkpoints; what the diagnosis thinks of tiny models is not to be tested here."""
    return [event for event in heard if isinstance(event, Noted) and not event.kind.startswith("diagnosis")]


EVERY_STEP = {"checkpoint_minutes": 1e-9, "keep_checkpoints": 3}


@pytest.mark.parametrize(
    ("step", "settings"),
    [
        (5, {"dropout": 0.2, **EVERY_STEP}),
        (8, {"average": "ema", **EVERY_STEP}),
        (20, {"average": "checkpoints", **EVERY_STEP}),
        (13, {}),
        (3, {}),
    ],
    ids=str,
)
def test_going_on_gives_the_very_same_weights(tiny, tmp_path, step, settings):
    tiny.fit(tmp_path, {"epochs": 3, **settings}, draft="whole", checkpoints=tmp_path / "other")
    crashed(tiny, tmp_path, step=step, **settings)
    heard = []
    fitted = tiny.fit(tmp_path, {"epochs": 3, **settings}, resume=True, emit=heard.append)
    assert bytes_of(tmp_path) == bytes_of(tmp_path, "whole")
    assert fitted.notes["steps"] == 24
    steps = [event.step for event in heard if isinstance(event, StepDone)]
    from_epoch = 8 * ((step - 1) // 8)
    assert steps[0] == (step if settings.get("checkpoint_minutes") else from_epoch + 1)
    assert [event.kind for event in notes_of(heard)] == (
        ["resume"] if step > 8 or "dropout" in settings or "average" in settings else []
    )


def test_a_finished_training_is_taken_as_it_is(tiny, tmp_path):
    tiny.fit(tmp_path, {})
    before, heard = bytes_of(tmp_path), []
    tiny.fit(tmp_path, {}, resume=True, emit=heard.append)
    assert bytes_of(tmp_path) == before
    assert not [event for event in heard if isinstance(event, StepDone | EpochDone)]


def test_only_the_newest_few_stay_and_nothing_half_written(tiny, tmp_path):
    (tmp_path / "checkpoints" / ".writing-999999999-x").mkdir(parents=True)
    tiny.fit(tmp_path, {"epochs": 3, "checkpoint_minutes": 1e-9, "keep_checkpoints": 2})
    assert [path.name for path in (tmp_path / "checkpoints").iterdir() if path.name.startswith(".")] == []
    assert [path.name for path in newest_first(tmp_path)] == ["step-00000024-epoch-0004", "step-00000024-epoch-0003"]


@pytest.mark.parametrize("damage", ["cut", "flipped", "no state"])
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_taken(tiny, tmp_path, damage):
    tiny.fit(tmp_path, {"epochs": 3}, draft="whole", checkpoints=tmp_path / "other")
    crashed(tiny, tmp_path, step=20)
    newest = newest_first(tmp_path)[0]
    file = newest / ("state.json" if damage == "no state" else "optimizer.safetensors")
    content = bytearray(file.read_bytes())
    content[-5] ^= 1
    file.write_bytes(content[:-9] if damage == "cut" else content) if damage != "no state" else file.unlink()
    heard = []
    tiny.fit(tmp_path, {"epochs": 3}, resume=True, emit=heard.append)
    notes = notes_of(heard)
    assert [note.kind for note in notes] == ["checkpoint", "resume"]
    assert newest.name in notes[0].message
    assert "the one before it is tried" in notes[0].message
    assert notes[1].message == "going on at epoch 2, after step 8"
    assert bytes_of(tmp_path) == bytes_of(tmp_path, "whole")


def test_no_sound_checkpoint_means_from_the_beginning(tiny, tmp_path):
    crashed(tiny, tmp_path, step=20)
    for path in newest_first(tmp_path):
        (path / "state.json").write_text("{")
    heard = []
    tiny.fit(tmp_path, {"epochs": 3}, resume=True, emit=heard.append)
    assert [event.kind for event in notes_of(heard)] == ["checkpoint", "checkpoint"]
    assert next(event.step for event in heard if isinstance(event, StepDone)) == 1


def test_other_settings_do_not_fit_a_checkpoint(tiny, tmp_path):
    crashed(tiny, tmp_path, step=20)
    heard = []
    tiny.fit(tmp_path, {"epochs": 3, "freeze": "all"}, resume=True, emit=heard.append)
    assert "other weights" in notes_of(heard)[0].message


@pytest.mark.slow
def test_a_full_disk_costs_a_message_and_not_the_training(tiny, tmp_path):
    tiny.write_backbone(tmp_path / "backbone")
    limit = 40_000  # bytes of any file that the process writes: less than a checkpoint has, and no tokens reach it
    code = (
        "import importlib.util, resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"spec = importlib.util.spec_from_file_location('tiny', {str(Path(tiny.__file__))!r})\n"
        "tiny = importlib.util.module_from_spec(spec); sys.modules['tiny'] = tiny; spec.loader.exec_module(tiny)\n"
        "from pathlib import Path\n"
        f"folder = Path({str(tmp_path)!r}); notes = []\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, resource.RLIM_INFINITY))\n"
        "def hear(event):\n"
        "    notes.append((type(event).__name__, getattr(event, 'kind', ''), getattr(event, 'message', '')))\n"
        "    if type(event).__name__ == 'EpochDone' and event.epoch == 2:\n"
        f"        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))\n"
        "tiny.fit(folder, {'epochs': 2}, emit=hear)\n"
        "import json\n"
        "print(json.dumps([note for note in notes if note[0] == 'Noted' and not note[1].startswith('diagnosis')]))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    notes = json.loads(done.stdout.splitlines()[-1])
    assert [note[1] for note in notes] == ["checkpoint"]
    assert "no checkpoint could be written at step 8" in notes[0][2]
    assert [path.name for path in newest_first(tmp_path)] == ["step-00000016-epoch-0003"]
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
