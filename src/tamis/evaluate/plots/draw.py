"""Drawing one figure as a PNG picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tamis.evaluate.figures import Figure, Heat, Lines, axis_ticks
from tamis.explore import look, new_figure, plain, title, to_png, writable

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

_INK, _LINE = "#1d2433", "#e3e7ee"
_RIGHT, _WRONG = "#2fa36b", "#c4302b"
_MOST_NUMBERS = 25  # labels beyond which cells have no numbers


def draw_figure(figure: Figure, *, dpi: int) -> bytes:
    """Return the picture of a figure."""
    names = [line.name for line in figure.lines] if isinstance(figure, Lines) else list(figure.confusion.labels)
    with look([figure.title, *names]):
        return to_png(_lines(figure) if isinstance(figure, Lines) else _heat(figure), dpi=dpi)


def _lines(chart: Lines) -> Picture:
    picture = new_figure(4.6 + 0.2 * bool(chart.caption))
    ax = plain(picture.add_subplot())
    for line in chart.lines:
        ax.plot(
            [x for x, _ in line.points],
            [y for _, y in line.points],
            color=line.colour,
            linewidth=1.2 if line.dashed else 1.9,
            linestyle=(0, (4, 3)) if line.dashed else "-",
            marker="o" if line.dots else "",
            markersize=5,
            label=writable(line.name, width=34, lines=1),
            clip_on=False,
        )
    for ticks, set_ticks, limit in (
        (axis_ticks(1.0), ax.set_xticks, 1.0),
        (axis_ticks(chart.top), ax.set_yticks, chart.top),
    ):
        set_ticks([place * limit for place, _ in ticks], [text for _, text in ticks])
    ax.set_xlim(0, 1)
    ax.set_ylim(0, chart.top)
    ax.set_xlabel(chart.across, fontsize=9.5, color=_INK)
    ax.set_ylabel(chart.up, fontsize=9.5, color=_INK)
    ax.grid(color=_LINE, linewidth=0.8)
    picture.legend(loc="outside right upper", frameon=False, fontsize=9)
    title(picture, chart.title, chart.caption)
    return picture


def _heat(chart: Heat) -> Picture:
    from matplotlib.colors import to_rgb

    labels, counts = chart.confusion.labels, np.array(chart.confusion.counts)
    shares = np.array(chart.confusion.shares)
    size = max(3.2, min(12.0, 1.6 + 0.42 * len(labels)))
    picture = new_figure(size + 0.8, width=max(8.0, size + 2.4))
    ax = plain(picture.add_subplot())
    right, wrong = np.array(to_rgb(_RIGHT)), np.array(to_rgb(_WRONG))
    tone = np.where(np.eye(len(labels), dtype=bool)[:, :, None], right, wrong)
    strength = (0.72 * shares + 0.05 * (counts > 0))[:, :, None]
    ax.imshow(1 - strength * (1 - tone), aspect="auto")
    if len(labels) <= _MOST_NUMBERS:
        small = max(6.0, 10.5 - 0.2 * len(labels))
        for row, column in np.argwhere(counts > 0).tolist():
            text = f"{counts[row, column]:,}" + (f"\n{shares[row, column]:.0%}" if len(labels) <= 12 else "")
            ax.text(column, row, text, ha="center", va="center", fontsize=small, color=_INK, linespacing=1.1)
    names = [writable(label, width=22, lines=1) for label in labels]
    places = list(range(len(labels)))
    ax.set_xticks(places, names, rotation=90 if len(labels) > 6 else 0)
    ax.set_yticks(places, names)
    ax.set_xlabel("answered", fontsize=9.5, color=_INK)
    ax.set_ylabel("true", fontsize=9.5, color=_INK)
    title(picture, chart.title, chart.caption)
    return picture
