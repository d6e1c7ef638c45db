"""Drawing figures as HTML that follows light and dark and needs no script."""

from __future__ import annotations

from html import escape

from tamis.core import page
from tamis.evaluate.figures import Heat, Line, Lines, axis_ticks
from tamis.evaluate.names import share

MOST_CELLS = 24
_TURNED = 7  # from so many labels on, their names stand upright above the columns


def draw_lines(chart: Lines, *, height: int = 260) -> str:
    """Return a line chart with its legend above and its caption below."""
    levels = "".join(
        f'<div class="level" style="bottom:{place * 100:.1f}%"><span>{text}</span></div>'
        for place, text in axis_ticks(chart.top)
    )
    ticks = "".join(
        f'<span class="tick{" odd" * (number % 2)}" style="left:{place * 100:.1f}%">{text}</span>'
        for number, (place, text) in enumerate(axis_ticks(1.0))
    )
    paths = "".join(_path(line, chart.top) for line in chart.lines)
    dots = "".join(_dots(line, chart.top) for line in chart.lines if line.dots)
    legend = "".join(_key(line) for line in chart.lines)
    svg = (
        f'<svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" style="overflow:visible" '
        f'aria-label="{escape(chart.title)}">{paths}</svg>'
    )
    axis = f'<p class="soft" style="text-align:center;margin:-2px 0 4px 46px">{escape(chart.across)}</p>'
    caption = f"<figcaption>{escape(chart.caption)}</figcaption>" if chart.caption else ""
    return (
        f'<figure class="chart"><h4>{escape(chart.title)}</h4><div class="legend">{legend}</div>'
        f'<div class="plot" style="height:{height}px">{levels}{svg}{dots}{ticks}</div>{axis}{caption}</figure>'
    )


def draw_heat(chart: Heat) -> str:
    """Return a table whose cells are the darker the larger their share of the row; the right answers are green."""
    confusion = chart.confusion
    turned = len(confusion.labels) >= _TURNED
    column = "writing-mode:vertical-rl;transform:rotate(180deg);max-height:150px;" if turned else ""
    heads = "".join(
        f'<th style="text-align:center;padding:4px 6px;vertical-align:bottom"><span dir="auto" '
        f'style="{column}display:inline-block">{escape(_short(label))}</span></th>'
        for label in confusion.labels
    )
    body = []
    for place, (label, counts, shares) in enumerate(
        zip(confusion.labels, confusion.counts, confusion.shares, strict=True)
    ):
        cells = "".join(
            _heat_cell(count, part, right=other == place, tight=len(counts) > 12)
            for other, (count, part) in enumerate(zip(counts, shares, strict=True))
        )
        style = "border:0;text-align:right;padding:4px 10px;white-space:nowrap"
        name = f'<th dir="auto" style="{style}">{escape(_short(label))}</th>'
        total = f'<td class="n soft" style="border:0;padding-left:10px;vertical-align:middle">{sum(counts):,}</td>'
        body.append(f"<tr>{name}{cells}{total}</tr>")
    table = (
        f'<div class="scroll"><table style="width:auto;border-collapse:separate;border-spacing:2px"><thead><tr>'
        f'<th style="border:0;text-align:right" class="soft">true ↓ answered →</th>{heads}'
        f'<th class="n soft" style="border:0">rows</th></tr></thead><tbody>{"".join(body)}</tbody></table></div>'
    )
    return f"{table}<figcaption>{escape(chart.caption)}</figcaption>"


def _heat_cell(count: int, part: float, *, right: bool, tight: bool) -> str:
    tone = "var(--good)" if right else "var(--bad)"
    strength = round(part * 62) + (6 if count else 0)
    paint = f"background:color-mix(in srgb, {tone} {strength}%, transparent)" if count else "background:var(--wash)"
    small = "" if tight or not count else f'<br><span class="soft" style="color:inherit;opacity:.75">{part:.0%}</span>'
    size = "min-width:30px;padding:4px" if tight else "min-width:64px;padding:5px 8px"
    faint = "" if count else ";color:var(--soft);opacity:.6"
    return (
        f'<td title="{part:.1%} of the row" style="border:0;border-radius:5px;text-align:center;line-height:1.25;'
        f'font-variant-numeric:tabular-nums;{size};{paint}{faint}">{count:,}{small}</td>'
    )


def _path(line: Line, top: float) -> str:
    places = " ".join(f"{x * 100:.2f},{100 - min(y / top, 1) * 100:.2f}" for x, y in line.points)
    dash = ' stroke-dasharray="5 4"' if line.dashed else ""
    width = 1.4 if line.dashed else 2
    return (
        f'<polyline points="{places}" fill="none" stroke="{line.colour}" stroke-width="{width}"{dash} '
        f'stroke-linejoin="round" vector-effect="non-scaling-stroke"><title>{escape(line.name)}</title></polyline>'
    )


def _dots(line: Line, top: float) -> str:
    return "".join(
        f'<i title="{escape(line.name)}: {share(x)} sure, {share(y)} right" style="position:absolute;'
        f"left:{x * 100:.2f}%;bottom:{min(y / top, 1) * 100:.2f}%;width:9px;height:9px;margin:0 0 -4.5px -4.5px;"
        f'border-radius:50%;background:{line.colour}"></i>'
        for x, y in line.points
    )


def _key(line: Line) -> str:
    style = "dashed" if line.dashed else "solid"
    mark = (
        f'<i style="display:inline-block;width:16px;border-top:2px {style} {line.colour};margin-right:6px;'
        'vertical-align:4px"></i>'
    )
    return f"<span>{mark}<bdi>{escape(line.name)}</bdi></span>"


def _short(label: str, most: int = 28) -> str:
    return label if len(label) <= most else f"{label[: most - 1]}…"


def heading(text: str) -> page.Raw:
    """Return a small heading inside a section."""
    return page.Raw(f"<h3>{escape(text)}</h3>")
