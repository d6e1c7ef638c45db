"""What is read of long texts is what validation prefers."""

from __future__ import annotations

import numpy as np
import pytest

from tamis.train.events import Noted
from tamis.train.rows import TrainingRows


def rows_with_the_word(tiny, place, *, count, seed):
    """Texts of 60 words of which some, soon after the start or at the end, say the label."""
    random = np.random.default_rng(seed)
    texts, labels = [], []
    for number in range(count):
        words = [f"w{word}" for word in random.integers(0, 100, 60)]
        label = "good" if number % 2 else "bad"
        words[-3:] = [label] * 3 if place == "end" else words[-3:]
        words[8:11] = [label] * 3 if place == "start" else words[8:11]
        texts.append(" ".join(words))
        labels.append(label)
    return TrainingRows.of(texts, labels, tiny.good_or_bad())


@pytest.mark.parametrize(("place", "expected"), [("end", "head_tail"), ("start", "head")])
def test_the_way_that_reads_what_matters_is_chosen(tiny, tmp_path, place, expected):
    heard = []
    tiny.write_backbone(tmp_path / "backbone", positions=24)
    fitted = tiny.fit(
        tmp_path,
        {"long_text": "auto", "epochs": 1},
        train=rows_with_the_word(tiny, place, count=80, seed=0),
        validation=rows_with_the_word(tiny, place, count=40, seed=1),
        emit=heard.append,
    )
    assert fitted.long_text.policy == expected
    assert fitted.long_text.max_tokens == 24
    note = next(event for event in heard if isinstance(event, Noted))
    assert note.message.startswith(f"100% of texts are too long for the model; {expected} is read (macro_f1: head ")


def test_without_long_texts_nothing_is_tried(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {"long_text": "auto", "epochs": 1}, emit=heard.append)
    assert fitted.long_text.policy == "head"
    assert "0.0% of texts are too long" in next(event for event in heard if isinstance(event, Noted)).message


def test_more_tokens_than_the_model_takes_are_told(tiny, tmp_path):
    heard = []
    fitted = tiny.fit(tmp_path, {"long_text": {"max_tokens": 100}, "epochs": 1}, emit=heard.append)
    assert fitted.long_text.max_tokens == 64
    assert (
        "max_tokens is 100, and the model reads 64"
        in next(event for event in heard if isinstance(event, Noted)).message
    )


@pytest.mark.parametrize(("policy", "read"), [("head", "beginning"), ("head_tail", "beginning and end")])
def test_texts_that_are_cut_are_told(tiny, tmp_path, policy, read):
    from tamis.train.probe import fit_probe

    heard = []
    settings = {"long_text": {"max_tokens": 16, "policy": policy}, "epochs": 1}
    given = tiny.assignment(tmp_path, settings, emit=heard.append)
    fitted = fit_probe(given)
    assert 0 < fitted.notes["cut_share"] < 1
    message = f"{fitted.notes['cut_share']:.1%} of training texts have more than 16 tokens: their {read} is read"
    assert [event.message for event in heard] == [message]
    tiny.fit(tmp_path, settings, emit=heard.append)
    assert message in [event.message for event in heard[1:] if isinstance(event, Noted)]
