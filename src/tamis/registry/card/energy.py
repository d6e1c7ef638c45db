"""Energy: what a training may have taken, as a range, from its time and an assumption that is told with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil, floor, log10

from tamis.train import Run

LIKELY_WATTS, LEAST_WATTS, MOST_WATTS = 4.0, 2.0, 15.0
"""For each core in use, all its share of the machine included."""
SOURCE = (
    "a core in use is taken for 4 W, and for anything from 2 to 15 W in the range. Cloud Carbon Footprint, from "
    "SPECpower's measurements of servers, reckons with 3.7 to 4.7 W a virtual core at full load; a thrifty laptop "
    "takes half of that, an old desktop with its memory, power supply and cooling three times as much"
)
"""What the watts are founded on."""


@dataclass(frozen=True, kw_only=True)
class Energy:
    """An estimate in watt-hours."""

    likely: float
    least: float
    most: float
    cores: int

    def __str__(self) -> str:
        least, most = _said(self.least, floor), _said(self.most, ceil)
        unit = most.partition(" ")[2]
        return f"about {_said(self.likely)} ({least.removesuffix(f' {unit}')} to {most})"


def energy_of(run: Run) -> Energy | None:
    """Return what a training took, or None where that is not to be told: it ran on a GPU, or its cores are unknown."""
    threads = str(run.host.get("threads") or "")
    cores = int(threads) if threads.isdigit() and int(threads) else int(run.host.get("cores") or 0)
    if not _on_processor(run) or cores <= 0 or run.seconds <= 0:
        return None
    return energy_for(seconds=run.seconds, cores=cores)


def energy_for(*, seconds: float, cores: int) -> Energy:
    """Return what cores take in a time.

    >>> str(energy_for(seconds=3600, cores=2))
    'about 8 Wh (4 to 30 Wh)'
    """
    hours = seconds * cores / 3600
    return Energy(likely=hours * LIKELY_WATTS, least=hours * LEAST_WATTS, most=hours * MOST_WATTS, cores=cores)


def _on_processor(run: Run) -> bool:
    if run.family == "linear":
        return True
    device = run.notes.get("device") or run.settings.get("train", {}).get("device")
    return device == "cpu" or (device in (None, "auto") and run.environment.get("torch", "").endswith("+cpu"))


def _said(watt_hours: float, rounded: Callable[[float], int] = round) -> str:
    """With one digit that counts, for there are no more; the ends of a range outwards."""
    size = 10.0 ** floor(log10(watt_hours))
    shown = rounded(round(watt_hours / size, 6)) * size
    if shown >= 1000:
        return f"{shown / 1000:.0f} kWh"
    return f"{shown:.0f} Wh" if shown >= 1 else f"{shown:.{-floor(log10(shown) + 1e-9)}f} Wh"
