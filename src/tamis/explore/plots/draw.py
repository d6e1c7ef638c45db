"""Drawing one chart as a PNG picture."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from tamis.core.charts import Bars, Chart, Columns, Panels, Stacks, nice_ticks, percent
from tamis.explore.plots.glyphs import writable
from tamis.explore.plots.style import INK, LINE, SOFT, TRACK, WIDTH, look, new_figure, title, to_png

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def draw_chart(chart: Chart, *, dpi: int) -> bytes:
    """Return the picture of a chart."""
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
    figure, (ax,) = new_figure(_head(chart) + 0.3 * len(chart.bars) + 0.16 * lines)
    _fill_bars(ax, chart, size=9.5)
    title(figure, chart.title, chart.caption)
    return figure


def _fill_bars(ax: Axes, chart: Bars, *, size: float) -> None:
    values = [bar.value for bar in chart.bars]
    highest = max(values, default=0) or 1
    places = range(len(values))
    ax.barh(places, highest, color=TRACK, height=0.66)
    ax.barh(places, values, color=[bar.colour for bar in chart.bars], height=0.66)
    for place, bar in enumerate(chart.bars):
        text = f"{bar.written}  {bar.note}" if bar.note else bar.written
        ax.annotate(text, (highest, place), (7, 0), textcoords="offset points", va="center", fontsize=size, color=INK)
    ax.set_yticks(places, [writable(bar.label) for bar in chart.bars], fontsize=size, color=INK)
    ax.set_xticks([])
    ax.set_xlim(0, highest)
    ax.set_ylim(max(len(values), 1) - 0.5, -0.5)


def _stacks(chart: Stacks) -> Figure:
    figure, (ax,) = new_figure(_head(chart) + 0.4 + 0.3 * len(chart.rows))
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
    figure, (ax,) = new_figure(3.4 + (0.4 if several else 0) + (0.25 if chart.caption else 0))
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
    across = min(3, max(len(chart.panels), 1))
    down = -(-len(chart.panels) // across)
    longest = max((len(panel.bars) for panel in chart.panels), default=1)
    figure, axes = new_figure(_head(chart) + down * (0.5 + 0.2 * max(longest, 1)), panels=(max(down, 1), across))
    figure.set_figwidth(WIDTH * 1.5)
    for ax, panel in zip(axes, chart.panels, strict=False):
        if panel.bars:
            _fill_bars(ax, panel, size=8.5)
        else:
            ax.set_xticks([])
            ax.set_yticks([])
            ax.text(0, 0.9, "nothing stands out", transform=ax.transAxes, color=SOFT, fontsize=9)
        ax.set_title(f"{writable(panel.title, lines=1)}   {panel.caption}", loc="left", fontsize=10, color=INK)
    for ax in axes[len(chart.panels) :]:
        ax.remove()
    title(figure, chart.title, chart.caption)
    return figure


def _legend(figure: Figure, entries: list[tuple[str, str]]) -> None:
    from matplotlib.patches import Patch

    handles = [Patch(color=colour, label=writable(name, width=24, lines=1)) for name, colour in entries]
    figure.legend(
        handles=handles, loc="outside right upper", frameon=False, fontsize=9, labelcolor=SOFT, handlelength=0.9
    )


def _head(chart: Chart) -> float:
    """Return the height of title and caption in inches."""
    return 0.65 + 0.19 * -(-len(chart.caption) // 112)


def _texts(chart: Chart) -> list[str]:
    if isinstance(chart, Bars):
        return [chart.title, *(bar.label for bar in chart.bars)]
    if isinstance(chart, Columns):
        return [chart.title, *(series.name for series in chart.series)]
    if isinstance(chart, Stacks):
        return [chart.title, *(label for label, _ in chart.rows), *(name for name, _ in chart.parts)]
    return [chart.title, *(text for panel in chart.panels for text in _texts(panel))]
