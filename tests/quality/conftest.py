"""Small datasets for the checks: twenty different sentences that nothing is wrong with, and a way to ask about them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tamis.quality import Finding, QualitySettings, check_dataset

_CALM = (
    "The train to the coast leaves a little after nine in the morning",
    "She planted tomatoes behind the old shed and watered them every evening",
    "Our neighbours repaired the fence before the storm could blow it over",
    "A small bakery on the corner sells warm bread until the shelves are empty",
    "He learned to play the violin when he was already past sixty",
    "The library keeps its oldest maps in a cool room without windows",
    "Nobody expected the bridge to be finished a month ahead of schedule",
    "They crossed the lake by rowing boat because the road was under water",
    "The committee postponed its decision until the figures had been checked",
    "My cousin collects stamps from countries that no longer exist",
    "Heavy clouds gathered over the valley while we were picking apples",
    "The museum opens late on Thursdays and charges nothing after six",
    "An engineer explained how the new pump saves half of the electricity",
    "Children built a snowman in front of the town hall last winter",
    "The recipe asks for two lemons, but one large orange works as well",
    "Several fishermen reported seals near the harbour during the night",
    "Her lecture on medieval trade routes drew a surprisingly large crowd",
    "We mended the tent with tape and hoped for a dry weekend",
    "The old clock in the station has been wrong for eleven years",
    "A gentle wind carried the smell of cut grass through the open door",
)


@pytest.fixture
def calm() -> list[str]:
    """Twenty different English sentences without a fault."""
    return list(_CALM)


@pytest.fixture
def found(make_dataset) -> Callable[..., dict[str, Finding]]:
    """What one check says of columns: `found("html", text=[…])["html"].rows`."""

    def check(*only: str, settings: dict[str, object] | None = None, **columns: object) -> dict[str, Finding]:
        report = check_dataset(make_dataset(**columns), settings=QualitySettings(**(settings or {})), only=only)
        return {finding.kind: finding for finding in report.findings}

    return check
