"""Drawing charts as HTML that grows and shrinks with the page, follows light and dark, and needs no script."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from itertools import accumulate

from tamis.core.charts import PALETTE, Bars, Chart, Columns, Mark, Panels, Stacks, nice_ticks, percent

STYLE = """
.chart { margin:20px 0 6px; min-width:0; } .chart h4 { margin:0 0 6px; font-size:14px; font-weight:600; }
.chart > figcaption, .panels + figcaption { margin-top:8px; max-width:78ch; }
.bars { display:grid; grid-template-columns:fit-content(36%) 1fr fit-content(32%); gap:5px 10px; align-items:center;
  font-size:14px; }
.bars > span { overflow-wrap:anywhere; line-height:1.3; min-width:0; text-align:left; }
.bars > .amount { text-align:right; font-variant-numeric:tabular-nums; white-space:nowrap; }
.bars > .amount small, .soft { color:var(--soft); font-size:12.5px; }
.track { background:var(--wash); border-radius:4px; height:14px; min-width:40px; display:flex; overflow:hidden; }
.track i { display:block; height:100%; min-width:2px; } .track.parts i { min-width:0; }
.panels { display:grid; grid-template-columns:repeat(auto-fit,minmax(250px,1fr)); gap:18px 28px; margin:14px 0 4px; }
.panels .bars { font-size:13.5px; gap:4px 8px; } .panels .track { height:10px; }
.panels h4 small { font-weight:400; margin-left:4px; white-space:nowrap; } .panels .chart { margin-top:0; }
.panels h4 { border-bottom:1px solid var(--line); padding-bottom:5px; margin:0 0 8px; font-size:14px; }
.panels.tight { gap:4px 24px; margin:4px 0; }
.swatch { display:inline-block; width:11px; height:11px; border-radius:3px; margin-right:6px; vertical-align:-1px; }
.legend { display:flex; flex-wrap:wrap; gap:2px 16px; font-size:13px; color:var(--soft); margin:0 0 8px; }
.plot { position:relative; height:200px; margin:14px 0 26px 46px; }
.plot.marked1 { margin-top:28px; } .plot.marked2 { margin-top:48px; }
.plot svg { position:absolute; inset:0; width:100%; height:100%; }
.plot .level { position:absolute; left:0; right:0; border-top:1px solid var(--line); }
.plot .level span { position:absolute; right:100%; top:-.75em; margin-right:8px; font-size:12px; color:var(--soft);
  font-variant-numeric:tabular-nums; white-space:nowrap; }
.plot .tick { position:absolute; top:100%; margin-top:5px; font-size:12px; color:var(--soft); white-space:nowrap;
  transform:translateX(-50%); }
.plot .mark { position:absolute; bottom:0; border-left:1.5px dashed var(--ink); opacity:.85; }
.plot .mark span { position:absolute; left:6px; top:-2px; font-size:12px; white-space:nowrap; line-height:1.35; }
.plot .mark.left span { left:auto; right:6px; }
.spark { width:110px; height:22px; } .tags { line-height:1.25; text-align:center; max-width:none !important; }
.tags span { margin:0 .22em; }
@media (max-width:600px) { .plot .tick.odd { display:none; } .plot { margin-left:40px; height:170px; }
  .bars { gap:5px 8px; font-size:13.5px; } }
@media print { .track i, .plot svg, .swatch { print-color-adjust:exact; -webkit-print-color-adjust:exact; } }
"""


def draw(chart: Chart, *, heading: bool = True, caption: bool = True) -> str:
    """Return a chart as HTML, with its title above and its caption below unless the page says them elsewhere."""
    title = f"<h4>{escape(chart.title)}</h4>" if heading and chart.title else ""
    below = f"<figcaption>{escape(chart.caption)}</figcaption>" if caption and chart.caption else ""
    if isinstance(chart, Bars):
        body = _bars(chart)
    elif isinstance(chart, Columns):
        body = _columns(chart)
    elif isinstance(chart, Stacks):
        body = _stacks(chart)
    else:
        body = _panels(chart)
    return f'<figure class="chart">{title}{body}{below}</figure>'


def sparkline(counts: Sequence[float], *, colour: str = PALETTE[0]) -> str:
    """Return a histogram the size of a word, for a table's cell."""
    highest = max(counts, default=0) or 1
    rects = "".join(
        f'<rect x="{place * 5}" y="{22 - count / highest * 22:.1f}" width="4" height="{count / highest * 22:.1f}"/>'
        for place, count in enumerate(counts)
    )
    box = f'viewBox="0 0 {len(counts) * 5} 22" preserveAspectRatio="none"'
    return f'<svg class="spark" {box} fill="{colour}">{rects}</svg>'


def tag_cloud(words: Sequence[tuple[str, float]]) -> str:
    """Return words in a row, the larger the more they weigh: a word cloud without a picture."""
    highest = max((weight for _, weight in words), default=1) or 1
    return (
        '<p class="tags">'
        + " ".join(
            f'<span dir="auto" title="{weight:,.0f}" style="font-size:{12 + 26 * (weight / highest) ** 0.6:.0f}px;'
            f'color:{PALETTE[(0, 5, 7, 2)[place % 4]]}">{escape(word)}</span>'
            for place, (word, weight) in enumerate(words)
        )
        + "</p>"
    )


def _bars(chart: Bars) -> str:
    highest = max((bar.value for bar in chart.bars), default=0) or 1
    lines = []
    for bar in chart.bars:
        width = (
            f'<i style="width:{bar.value / highest * 100:.2f}%;background:{bar.colour}"></i>' if bar.value > 0 else ""
        )
        lines.append(
            f'<span dir="auto">{escape(bar.label)}</span><span class="track">{width}</span>'
            f'<span class="amount">{escape(bar.written)}{_note(bar.note)}</span>'
        )
    return f'<div class="bars">{"".join(lines)}</div>'


def _note(note: str) -> str:
    return f" <small>{escape(note)}</small>" if note else ""


def _stacks(chart: Stacks) -> str:
    lines = []
    for label, amounts in chart.rows:
        total = sum(amounts) or 1
        parts = "".join(
            f'<i style="width:{amount / total * 100:.3f}%;background:{colour}" '
            f'title="{escape(name)}: {amount:,.0f} ({percent(amount / total)})"></i>'
            for (name, colour), amount in zip(chart.parts, amounts, strict=True)
            if amount
        )
        lines.append(
            f'<span dir="auto">{escape(label)}</span><span class="track parts">{parts}</span>'
            f'<span class="amount">{sum(amounts):,.0f}</span>'
        )
    return _legend(chart.parts) + f'<div class="bars">{"".join(lines)}</div>'


def _panels(chart: Panels) -> str:
    panels = []
    for panel in chart.panels:
        colour = panel.bars[0].colour if panel.bars else "transparent"
        swatch = f'<i class="swatch" style="background:{colour}"></i>'
        body = _bars(panel) if panel.bars else '<span class="soft">nothing stands out</span>'
        note = f' <small class="soft">{escape(panel.caption)}</small>' if panel.caption else ""
        panels.append(f"<div><h4>{swatch}<bdi>{escape(panel.title)}</bdi>{note}</h4>{body}</div>")
    return f'<div class="panels">{"".join(panels)}</div>'


def _columns(chart: Columns) -> str:
    count = len(chart.places)
    totals = chart.totals
    top = 1.0 if chart.share else max(totals, default=0) or 1.0
    width = 0.92 if count <= 80 else 1.0
    rects = []
    for place, label in enumerate(chart.places):
        values = [series.values[place] for series in chart.series]
        scale = (totals[place] or 1.0) if chart.share else top
        words = escape(_tooltip(chart, label, values))
        bottoms = [0.0, *accumulate(values)]
        parts = "".join(
            f'<rect x="{place + (1 - width) / 2:.3f}" y="{100 - (bottom + value) / scale * 100:.2f}" width="{width}" '
            f'height="{value / scale * 100:.2f}" fill="{series.colour}"/>'
            for series, value, bottom in zip(chart.series, values, bottoms, strict=False)
            if value
        )
        rects.append(f'<g><title>{words}</title><rect x="{place}" width="1" height="100" opacity="0"/>{parts}</g>')
    levels = [0.0, 0.25, 0.5, 0.75, 1.0] if chart.share else nice_ticks(top)
    lines = "".join(
        f'<div class="level" style="bottom:{level / top * 100:.2f}%"><span>'
        f"{percent(level) if chart.share else format(level, ',')}</span></div>"
        for level in levels
    )
    ticks = "".join(
        f'<span class="tick{" odd" * (number % 2)}" style="left:{tick.place * 100:.2f}%">{escape(tick.text)}</span>'
        for number, tick in enumerate(chart.ticks)
    )
    legend = _legend([(series.name, series.colour) for series in chart.series]) if len(chart.series) > 1 else ""
    svg = f'<svg viewBox="0 0 {count} 100" preserveAspectRatio="none" role="img" aria-label="{escape(chart.title)}">'
    inside = f"{lines}{svg}{''.join(rects)}</svg>{ticks}{_marks(chart.marks)}"
    return f'{legend}<div class="plot marked{len(chart.marks)}">{inside}</div>'


def _marks(marks: tuple[Mark, ...]) -> str:
    """Upright lines with words above the columns, each one's a line below those of the one before it."""
    return "".join(
        f'<div class="mark{" left" if mark.place > 0.6 else ""}" '
        f'style="left:{min(mark.place, 1) * 100:.2f}%;top:{(number - len(marks)) * 19}px">'
        f"<span>{escape(mark.text)}</span></div>"
        for number, mark in enumerate(marks)
    )


def _tooltip(chart: Columns, label: str, values: list[float]) -> str:
    whole = sum(values)
    if len(values) == 1:
        return f"{label}: {whole:,.0f} {chart.unit}".rstrip()
    parts = [
        f"{series.name}: {value:,.0f} ({percent(value / whole)})"
        for series, value in zip(chart.series, values, strict=True)
        if value
    ]
    return "\n".join([f"{label}: {whole:,.0f} {chart.unit}".rstrip(), *parts])


def _legend(entries: list[tuple[str, str]] | tuple[tuple[str, str], ...]) -> str:
    items = "".join(
        f'<span><i class="swatch" style="background:{colour}"></i><bdi>{escape(name)}</bdi></span>'
        for name, colour in entries
    )
    return f'<div class="legend">{items}</div>'
