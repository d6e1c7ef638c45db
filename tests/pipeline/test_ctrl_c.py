"""Ctrl-C as an event: it is noted once, and what looked after it before is back in its place."""

from __future__ import annotations

import signal
import threading

import pytest

from tamis.pipeline.ctrl_c import pressed


def test_sigterm_is_one_too_where_it_raises_the_same():
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with pressed() as ctrl_c:
            signal.raise_signal(signal.SIGTERM)
            assert ctrl_c.is_set()
        assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_it_is_an_event_and_the_second_time_the_exception_as_ever():
    with pressed() as ctrl_c:
        assert not ctrl_c.is_set()
        signal.raise_signal(signal.SIGINT)
        assert ctrl_c.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_who_looks_after_it_already_goes_on_to():
    told = []
    before = signal.signal(signal.SIGINT, lambda number, frame: told.append(number))
    try:
        with pressed() as ctrl_c:
            signal.raise_signal(signal.SIGINT)
        assert told == [signal.SIGINT]
        assert not ctrl_c.is_set()
    finally:
        signal.signal(signal.SIGINT, before)


def test_in_another_thread_it_changes_nothing():
    seen = []

    def work():
        with pressed() as ctrl_c:
            seen.append((ctrl_c.is_set(), signal.getsignal(signal.SIGINT)))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [(False, signal.default_int_handler)]
