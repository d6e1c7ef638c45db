"""`tamis train` and `tamis runs`: what they print, what they leave, and how they end."""

from __future__ import annotations

import io
import json

import pytest

from tamis.cli.live import sparkline, watching
from tamis.train import EpochDone, Noted, StepDone


@pytest.fixture
def reviews(tamis, workspace):
    """The dataset `reviews`, imported and with splits."""
    rows = [f"{n},a {'fine' if n % 2 else 'dull'} film of {n} minutes,{'good' if n % 2 else 'bad'}" for n in range(80)]
    file = workspace.root / "reviews.csv"
    file.write_text("\n".join(["id,text,label", *rows]) + "\n")
    assert tamis("data", "import", file, "--name", "reviews").code == 0
    assert tamis("data", "split", "reviews", "--no-near-duplicates").code == 0


def test_without_splits_it_says_how_to_make_them(tamis, workspace):
    file = workspace.root / "reviews.csv"
    file.write_text("text,label\na fine film,good\na dull film,bad\n")
    tamis("data", "import", file, "--name", "reviews")
    done = tamis("train", "reviews", "--family", "linear")
    assert done.code == 1
    assert "tamis data split reviews" in done.err


def test_training_ends_with_scores_the_bundle_and_what_comes_next(tamis, reviews, workspace):
    done = tamis("train", "reviews", "--family", "linear")
    assert done.code == 0, done.err
    assert "macro_f1" in done.out
    assert str(workspace.runs / "reviews-linear-1" / "bundle") in done.out
    assert "next: tamis evaluate reviews-linear-1" in done.out
    again = tamis("train", "reviews", "--family", "linear")
    assert again.code == 0
    assert "reviews-linear-1 is this very run" in again.err
    assert tamis("train", "reviews", "--family", "linear", "--force").code == 0
    assert sorted(path.name for path in workspace.runs.iterdir()) == ["reviews-linear-1", "reviews-linear-2"]


def test_json_is_the_record(tamis, reviews):
    done = tamis("train", "reviews", "--family", "linear", "--name", "stars", "--seed", "3", "--json")
    told = json.loads(done.out)
    assert told["name"] == "stars"
    assert told["status"] == "finished"
    assert told["settings"]["train"]["seed"] == 3
    assert told["linear_baseline"] is None
    assert json.loads(tamis("runs", "show", "stars", "--json").out)["fingerprint"] == told["fingerprint"]


def test_settings_come_from_the_command_line_and_wrong_ones_are_told(tamis, reviews):
    done = tamis("train", "reviews", "--family", "linear", "--json", "train.class_weights=balanced")
    assert json.loads(done.out)["settings"]["train"]["class_weights"] == "balanced"
    wrong = tamis("train", "reviews", "--seeds", "0")
    assert wrong.code == 2
    assert "--seeds 0" in wrong.err
    assert tamis("train", "reviews", "train.epocs=3").code == 2
    assert tamis("train", "reviws", "--family", "linear").code == 2


@pytest.mark.slow  # imports torch
def test_a_neural_score_never_stands_alone(tamis, reviews, tiny, tmp_path):
    backbone = tiny.write_backbone(tmp_path / "bert")
    done = tamis("train", "reviews", "--family", "probe", "--backbone", backbone, "train.long_text.max_tokens=32")
    assert done.code == 0, done.err
    assert "linear baseline" in done.out
    assert "\ntokens: 0.0% of the training texts cut\n" in done.out
    assert [line.split()[0] for line in tamis("runs", "list").out.splitlines() if "-1" in line] == ["reviews-probe-1"]


@pytest.mark.slow  # imports torch
def test_an_encoder_tells_once_what_became_of_its_tokens(tamis, reviews, tiny, tmp_path):
    words = ("--backbone", tiny.write_backbone(tmp_path / "modern", "modernbert"), "--epochs", "1")
    done = tamis("train", "reviews", *words, "train.long_text.max_tokens=6", "train.batch_tokens=40")
    assert done.code == 0, done.err
    (told,) = [line for line in done.out.splitlines() if line.startswith("tokens: ")]
    run = json.loads(tamis("runs", "show", "reviews-encoder-1", "--json").out)
    notes = run["notes"]
    assert run["settings"]["train"]["batch_tokens"] == 40
    assert notes["cut_share"] == 1.0
    assert told == (
        f"tokens: {notes['tokens_a_second']:,.0f} a second in passes of at most 40, "
        f"{notes['padding_share']:.1%} of them padding, 100.0% of the training texts cut"
    )


def test_runs_are_listed_shown_compared_and_the_best_is_named(tamis, reviews):
    assert "there are no runs yet" in tamis("runs", "list").out
    assert tamis("runs", "compare").code == 2
    assert tamis("runs", "best").code == 2
    tamis("train", "reviews", "--family", "linear")
    tamis("train", "reviews", "--family", "linear", "train.class_weights=balanced")
    listed = tamis("runs", "list").out
    assert "reviews-linear-1" in listed
    assert "reviews@2" in listed
    assert len(json.loads(tamis("runs", "list", "--json", "--dataset", "reviews").out)) == 2
    assert json.loads(tamis("runs", "list", "--json", "--dataset", "docs").out) == []
    shown = tamis("runs", "show", "reviews-linear-2").out
    assert "class_weights" in shown
    assert "balanced" in shown
    assert "fingerprint" in shown
    compared = tamis("runs", "compare", "reviews-linear-1", "reviews-linear-2").out
    assert "train.class_weights" in compared
    assert "macro_f1" in compared
    told = json.loads(tamis("runs", "compare", "--json").out)
    assert told["settings"] == {"train.class_weights": ["none", "balanced"]}
    best = tamis("runs", "best", "reviews")
    assert best.out.startswith("reviews-linear-1  macro_f1 ")
    assert tamis("runs", "show", "nothing").code == 2


STEP = StepDone(
    step=3, steps=9, epoch=1, loss=0.5, learning_rate=1e-4, gradient_norm=1.0, rows=8, tokens=100, padded_tokens=101,
    seconds={"forward": 0.1},
)  # fmt: skip
EPOCH = EpochDone(epoch=1, step=5, train_loss=0.4, validation={"macro_f1": 0.75}, best=True)


def test_elsewhere_than_on_a_terminal_an_epoch_is_a_line(capsys):
    with watching(quiet=False) as watch:
        for event in (STEP, EPOCH, Noted(kind="a", message="look here")):
            watch.hear(event)
        with watch.track("reading", total=None, unit="rows") as advance:
            advance(3)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["epoch 1: loss 0.4  validation macro_f1 0.75  (best so far)", "look here"]


def test_a_quiet_one_says_notes_only_and_a_silent_one_nothing(capsys):
    for silent in (False, True):
        with watching(quiet=True, silent=silent) as watch:
            for event in (STEP, EPOCH, Noted(kind="a", message="look here")):
                watch.hear(event)
        assert capsys.readouterr().err == ("" if silent else "look here\n")


def test_a_terminal_sees_the_loss_as_a_curve(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    screen = Terminal()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with watching(quiet=False) as watch:
        for number in range(1, 10):
            changed = {**vars(STEP), "step": number, "loss": 1 / number}
            watch.hear(StepDone(**changed))
        watch.hear(EPOCH)
        with watch.track("reading", total=10, unit="rows") as advance:
            advance(3)
            watch._live.refresh()
    shown = screen.getvalue()
    for words in ("training", "loss   0.1111", "step 9", "tokens/s", "reading", "validation macro_f1 0.75", "█"):
        assert words in shown


def test_a_curve_is_drawn_from_finite_numbers_in_the_width_there_is():
    assert sparkline([]) == ""
    assert sparkline([float("nan"), float("inf")]) == ""
    assert sparkline([3.0, 3.0]) == "▁▁"
    assert len(sparkline(range(1000), width=40)) == 40
    assert sparkline([1.0, float("nan"), 8.0]) == "▁█"
