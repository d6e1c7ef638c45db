"""How often each caller may ask."""

from __future__ import annotations

import httpx

from tamis.serve import ServeSettings, add_key
from tamis.serve.rates import Rates


def test_a_bucket_fills_with_time():
    now = [0.0]
    rates = Rates(60, clock=lambda: now[0])
    assert [rates.seconds_to_wait("ann") for _ in range(60)] == [0.0] * 60
    assert rates.seconds_to_wait("ann") == 1.0
    assert rates.seconds_to_wait("bob") == 0.0
    now[0] = 2.5
    assert [rates.seconds_to_wait("ann") for _ in range(3)] == [0.0, 0.0, 0.5]
    now[0] = 1e6
    assert [rates.seconds_to_wait("ann") for _ in range(61)] == [0.0] * 60 + [1.0]


def test_less_than_one_a_minute_is_still_one():
    now = [0.0]
    rates = Rates(0.5, clock=lambda: now[0])
    assert rates.seconds_to_wait("ann") == 0.0
    assert rates.seconds_to_wait("ann") == 120.0


def test_who_asks_too_often_is_told_when_to_try_again(listen):
    address = listen(ServeSettings(requests_per_minute=3)).address
    answers = [httpx.post(f"{address}/predict", json={"text": "good"}) for _ in range(4)]
    assert [each.status_code for each in answers] == [200, 200, 200, 429]
    assert answers[-1].headers["retry-after"] in ("19", "20")
    assert answers[-1].headers["content-type"] == "application/problem+json"
    assert httpx.get(f"{address}/readyz").status_code == 200


def test_each_key_has_its_own_limit(listen, tmp_path):
    ann, bob = add_key(tmp_path / "keys.txt", "ann"), add_key(tmp_path / "keys.txt", "bob")
    address = listen(ServeSettings(requests_per_minute=1, keys_file=tmp_path / "keys.txt")).address
    answers = [httpx.get(f"{address}/info", headers={"X-API-Key": key}) for key in (ann, ann, bob, "wrong")]
    assert [each.status_code for each in answers] == [200, 429, 200, 401]
