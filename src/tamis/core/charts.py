"""Charts: numbers ready to be drawn, on a page or as a picture, with the words that go with them."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

# Middle tones: they hold on white paper and on a dark screen, and stay apart for most colour-blind eyes.
PALETTE = (
    "#3f7ee8", "#e8743b", "#2fa36b", "#c24fb0", "#d9a514", "#12a5b5", "#e0526a", "#8465e0", "#7d9a2e", "#9a7359",
)  # fmt: skip
GREY = "#8b96a8"
_RAMP = ("#d45f27", "#e3a15c", "#a3a9b3", "#6d9fe3", "#2c6bd4")  # low to high, for labels with an order


class Data(NamedTuple):
    """The numbers behind a chart as a table."""

    headers: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]

    def csv(self) -> str:
        """Return the table as CSV text."""
        file = io.StringIO()
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(self.headers)
        writer.writerows([f"{cell:.6g}" if isinstance(cell, float) else cell for cell in row] for row in self.rows)
        return file.getvalue()


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its label, its length, and what is written behind it."""

    label: str
    value: float
    text: str = ""
    """What is written behind it instead of the value."""
    note: str = ""
    """Written after that, smaller."""
    colour: str = PALETTE[0]

    @property
    def written(self) -> str:
        """What is written behind the bar, without the note."""
        if self.text:
            return self.text
        return f"{self.value:,.0f}" if float(self.value).is_integer() else f"{self.value:,.1f}"


@dataclass(frozen=True, kw_only=True)
class Bars:
    """Horizontal bars, one below the other."""

    name: str
    """The file name of the picture, without ending."""
    title: str
    bars: tuple[Bar, ...]
    data: Data
    caption: str = ""
    unit: str = ""


@dataclass(frozen=True, kw_only=True)
class Series:
    """One value for each place of a column chart."""

    name: str
    values: tuple[float, ...]
    colour: str = PALETTE[0]


class Mark(NamedTuple):
    """A place on the horizontal axis, 0 to 1, with its words."""

    place: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Columns:
    """Upright columns side by side: a histogram, or amounts over time. Several series stand on one another."""

    name: str
    title: str
    places: tuple[str, ...]
    """What each column is about, in words."""
    series: tuple[Series, ...]
    ticks: tuple[Mark, ...]
    marks: tuple[Mark, ...] = ()
    """Upright lines with words, such as the median."""
    share: bool = False
    """Whether each column fills the height, so that one sees parts of a whole."""
    data: Data
    caption: str = ""
    unit: str = ""

    @property
    def totals(self) -> tuple[float, ...]:
        """The height of each column before it is stretched."""
        return tuple(sum(values) for values in zip(*(series.values for series in self.series), strict=True))


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """Horizontal bars of one length, each cut into parts of a whole."""

    name: str
    title: str
    rows: tuple[tuple[str, tuple[float, ...]], ...]
    """Each bar's label and the amount of each part."""
    parts: tuple[tuple[str, str], ...]
    """Each part's name and colour."""
    data: Data
    caption: str = ""


@dataclass(frozen=True, kw_only=True)
class Panels:
    """Several bar charts that belong together, one a panel."""

    name: str
    title: str
    panels: tuple[Bars, ...]
    data: Data
    caption: str = ""


Chart = Bars | Columns | Stacks | Panels


def colours(names: Sequence[str], *, ordered: bool = False) -> dict[str, str]:
    """Return a colour for each name: a ramp where the names have an order, else colours that stay apart.

    >>> colours(["spam", "ham"])
    {'spam': '#3f7ee8', 'ham': '#e8743b'}
    """
    if ordered and len(names) > 1:
        return {name: _between(number / (len(names) - 1)) for number, name in enumerate(names)}
    return {name: PALETTE[number % len(PALETTE)] for number, name in enumerate(names)}


def percent(share: float) -> str:
    """Return a share in words: never 100 % or 0 % when it is not quite.

    >>> [percent(share) for share in (0, 0.0002, 0.0312, 0.563, 0.9996, 1)]
    ['0 %', '<0.1 %', '3.1 %', '56 %', '99.96 %', '100 %']
    """
    if share in (0, 1):
        return f"{share * 100:.0f} %"
    if share < 0.001:
        return "<0.1 %"
    if share < 0.1:
        return f"{share * 100:.1f} %"
    for digits in (0, 1, 2, 3):
        if (text := f"{share * 100:.{digits}f}") != f"{100:.{digits}f}":
            return f"{text} %"
    return ">99.99 %"


def nice_ticks(highest: float, *, most: int = 4) -> list[float]:
    """Return round numbers from 0 to just about `highest`, for an axis of amounts.

    >>> nice_ticks(870), nice_ticks(1), nice_ticks(24)
    ([0, 250, 500, 750], [0, 1], [0, 10, 20])
    """
    size = next(
        factor * 10**power
        for power in range(19)
        for factor in (1, 2, 2.5, 5)
        if (power or factor != 2.5) and highest <= most * factor * 10**power
    )
    return [int(number * size) for number in range(int(highest / size) + 1)]


def _between(place: float) -> str:
    exact = place * (len(_RAMP) - 1)
    left = min(int(exact), len(_RAMP) - 2)
    weight = exact - left
    ends = [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in _RAMP[left : left + 2]]
    mixed = (round(low + (high - low) * weight) for low, high in zip(*ends, strict=True))
    return "#" + "".join(f"{value:02x}" for value in mixed)
