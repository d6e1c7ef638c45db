"""Drawing one chart as a PNG picture."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from tamis.core.charts import Bars, Chart, Columns, Panels, Stacks, nice_ticks, percent
from tamis.explore.plots.extra import require_extra
from tamis.explore.plots.glyphs import writable
from tamis.explore.plots.style import CAPTION, INK, LINE, SOFT, TRACK, look, new_figure, plain, title, to_png, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_CAPTION = 170
_PANEL = 4.0  # inches


def draw_chart(chart: Chart, *, dpi: int) -> bytes:
    """Return the picture of a chart."""
    require_extra()
    with look(_texts(chart)):
        if isinstance(chart, Bars):
            figure = _bars(chart)
        elif isinstance(chart, Columns):
            figure = _columns(chart)
        elif isinstance(chart, Stacks):
            figure = _stacks(chart)
        else:
            figure = _panels(chart)
        return to_png(figure, dpi=dpi)


def _bars(chart: Bars) -> Figure:
    lines = sum(writable(bar.label).count("\n") for bar in chart.bars)
    figure = new_figure(_head(chart) + 0.3 * len(chart.bars) + 0.16 * lines)
    ax = plain(figure.add_subplot())
    _fill_bars(ax, chart, size=9.5)
    title(figure, chart.title, chart.caption)
    return figure


def _fill_bars(ax: Axes, chart: Bars, *, size: float, label_width: int = 30) -> None:
    values = [bar.value for bar in chart.bars]
    highest = max(values, default=0) or 1
    places = range(len(values))
    ax.barh(places, highest, color=TRACK, height=0.66)
    ax.barh(places, values, color=[bar.colour for bar in chart.bars], height=0.66)
    for place, bar in enumerate(chart.bars):
        text = f"{bar.written}  {bar.note}" if bar.note else bar.written
        ax.annotate(text, (highest, place), (7, 0), textcoords="offset points", va="center", fontsize=size, color=INK)
    ax.set_yticks(places, [writable(bar.label, width=label_width) for bar in chart.bars], fontsize=size, color=INK)
    ax.set_xticks([])
    ax.set_xlim(0, highest)
    ax.set_ylim(max(len(values), 1) - 0.5, -0.5)


def _stacks(chart: Stacks) -> Figure:
    figure = new_figure(_head(chart) + 0.4 + 0.3 * len(chart.rows))
    ax = plain(figure.add_subplot())
    for place, (_, amounts) in enumerate(chart.rows):
        whole = sum(amounts) or 1
        starts = [0.0, *accumulate(amount / whole for amount in amounts)]
        for (_, colour), amount, start in zip(chart.parts, amounts, starts, strict=False):
            ax.barh(place, amount / whole, left=start, color=colour, height=0.66)
        note = f"{sum(amounts):,.0f}"
        ax.annotate(note, (1, place), (7, 0), textcoords="offset points", va="center", fontsize=9.5, color=INK)
    ax.set_yticks(range(len(chart.rows)), [writable(label) for label, _ in chart.rows], color=INK)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], [percent(share) for share in (0, 0.25, 0.5, 0.75, 1)])
    ax.set_xlim(0, 1)
    ax.set_ylim(max(len(chart.rows), 1) - 0.5, -0.5)
    _legend(figure, list(chart.parts))
    title(figure, chart.title, chart.caption)
    return figure


def _columns(chart: Columns) -> Figure:
    several = len(chart.series) > 1
    figure = new_figure(3.4 + (0.4 if several else 0) + (0.25 if chart.caption else 0))
    ax = plain(figure.add_subplot())
    count = len(chart.places)
    totals = chart.totals
    scale = [total or 1 for total in totals] if chart.share else [1] * count
    bottom = [0.0] * count
    for series in chart.series:
        heights = [value / whole for value, whole in zip(series.values, scale, strict=True)]
        ax.bar([place + 0.5 for place in range(count)], heights, 0.92, bottom=bottom, color=series.colour)
        bottom = [low + height for low, height in zip(bottom, heights, strict=True)]
    top = 1.0 if chart.share else max(totals, default=0) or 1.0
    levels = [0, 0.25, 0.5, 0.75, 1] if chart.share else nice_ticks(top)
    ax.set_yticks(levels, [percent(level) if chart.share else f"{level:,}" for level in levels])
    ax.grid(axis="y", color=LINE, linewidth=0.8)
    ax.set_xticks([tick.place * count for tick in chart.ticks], [tick.text for tick in chart.ticks])
    ax.set_xlim(0, count)
    ax.set_ylim(0, top * (1.0 if chart.share else 1.04))
    for number, mark in enumerate(chart.marks):
        ax.axvline(mark.place * count, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        left = mark.place > 0.6
        ax.annotate(
            mark.text, (mark.place * count, 1), (-5 if left else 5, -8 - 15 * number), textcoords="offset points",
            xycoords=("data", "axes fraction"), ha="right" if left else "left", fontsize=9, color=INK,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5},
        )  # fmt: skip
    if several:
        _legend(figure, [(series.name, series.colour) for series in chart.series])
    title(figure, f"{chart.title}", chart.caption)
    return figure


def _panels(chart: Panels) -> Figure:
    """Panels stand on a fixed grid: fitting it to the labels takes seconds for forty classes and gains little."""
    across = min(3, max(len(chart.panels), 1))
    rows = [chart.panels[start : start + across] for start in range(0, len(chart.panels), across)]
    heights = [0.45 + 0.2 * max(1, *(len(panel.bars) for panel in row)) for row in rows]
    below = 0.3 + 0.17 * _caption_lines(chart, PANEL_CAPTION * across // 3)
    height = 0.55 + sum(heights) + below
    figure = new_figure(height, width=across * _PANEL, fit=False)
    y = height - 0.55
    for row, row_height in zip(rows, heights, strict=True):
        for column, panel in enumerate(row):
            size = 0.2 * max(len(panel.bars), 1)
            box = (column * _PANEL + 1.4, y - 0.4 - size, _PANEL - 2.55, size)
            ax = plain(
                figure.add_axes(
                    (box[0] / (across * _PANEL), box[1] / height, box[2] / (across * _PANEL), box[3] / height)
                )
            )
            _panel(ax, panel)
        y -= row_height
    figure.text(0.15 / (across * _PANEL), 1 - 0.12 / height, chart.title, va="top", fontsize=13, fontweight="bold")
    caption = wrapped(chart.caption, PANEL_CAPTION * across // 3)
    figure.text(0.15 / (across * _PANEL), 0.12 / height, caption, fontsize=9, color=SOFT, linespacing=1.4, va="bottom")
    return figure


def _panel(ax: Axes, panel: Bars) -> None:
    if panel.bars:
        _fill_bars(ax, panel, size=8.5, label_width=18)
    else:
        ax.set_xticks([])
        ax.set_yticks([])
    heading = f"{writable(panel.title, lines=1)}   {panel.caption if panel.bars else 'nothing stands out'}"
    ax.annotate(
        heading, (0, 1), (-88, 5), xycoords="axes fraction", textcoords="offset points", fontsize=9.5, fontweight="bold"
    )


def _legend(figure: Figure, entries: list[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=writable(name, width=24, lines=1)) for name, colour in entries]
    figure.legend(
        handles=handles, loc="outside right upper", frameon=False, fontsize=9, labelcolor=SOFT, handlelength=0.9
    )


def _head(chart: Chart) -> float:
    """Return the height of title and caption in inches."""
    return 0.65 + 0.19 * _caption_lines(chart, CAPTION)


def _caption_lines(chart: Chart, width: int) -> int:
    return wrapped(chart.caption, width).count("\n") + 1 if chart.caption else 0


def _texts(chart: Chart) -> list[str]:
    if isinstance(chart, Bars):
        return [chart.title, *(bar.label for bar in chart.bars)]
    if isinstance(chart, Columns):
        return [chart.title, *(series.name for series in chart.series)]
    if isinstance(chart, Stacks):
        return [chart.title, *(label for label, _ in chart.rows), *(name for name, _ in chart.parts)]
    return [chart.title, *(text for panel in chart.panels for text in _texts(panel))]
