"""The picture of a graph as SVG: it needs nothing, has text that can be searched, and follows light and dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape as escape_html

from tamis.pipeline.picture.layout import Point, lay_out
from tamis.pipeline.picture.nodes import WORDS, Node
from tamis.pipeline.picture.words import said_seconds
from tamis.pipeline.state import Status

_BOX = (216, 46)
_GAP = (22, 25)
_EDGE = 14
_UNSAYABLE = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_STYLE = """
.tg { --ink:#1d2433; --soft:#5b6577; --line:#d5dae3; --paper:#ffffff; --edge:#9aa5b8; --finished:#1f8a54;
  --cached:#2f6fde; --running:#2f6fde; --failed:#c4302b; --cancelled:#b26a00; --interrupted:#b26a00;
  --skipped:#8b96a8; --waiting:#8b96a8;
  font-family:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif; }
@media (prefers-color-scheme: dark) { .tg { --ink:#e7eaf0; --soft:#9aa5b8; --line:#333c4d; --paper:#1b212d;
  --edge:#66728a; --finished:#3fae78; --cached:#6c9bf5; --running:#6c9bf5; --failed:#f0665d; --cancelled:#d9963a;
  --interrupted:#d9963a; --skipped:#77839a; --waiting:#77839a; } }
.tg .box { fill:var(--paper); stroke:var(--line); } .tg .edge { fill:none; stroke:var(--edge); stroke-width:1.4; }
.tg .head { fill:var(--edge); } .tg text { font-size:11.5px; fill:var(--soft); }
.tg .title { font-size:13.5px; font-weight:600; fill:var(--ink); } .tg .time { font-variant-numeric:tabular-nums; }
.tg .idle .box { stroke-dasharray:4 3; } .tg .idle .title { fill:var(--soft); }
.tg .glyph { fill:none; stroke:var(--paper); stroke-width:2; stroke-linecap:round; stroke-linejoin:round; }
.tg .ring { fill:none; stroke-width:2; } .tg .running .box, .tg .failed .box { stroke-width:1.8; }
.tg .running .box { stroke:var(--running); } .tg .failed .box { stroke:var(--failed); }
.tg .running .ring { animation:tg-turn 1.6s linear infinite; transform-box:fill-box; transform-origin:center; }
@keyframes tg-turn { to { transform:rotate(360deg); } }
@media (prefers-reduced-motion: reduce) { .tg .running .ring { animation:none; } }
"""
_GLYPHS: dict[Status, str] = {
    "finished": "M-4 .5 L-1.2 3.3 L4.2 -2.8",
    "failed": "M-3.3 -3.3 L3.3 3.3 M3.3 -3.3 L-3.3 3.3",
    "skipped": "M-3.6 0 L3.6 0",
    "cancelled": "M-2.6 -3.4 L-2.6 3.4 M2.6 -3.4 L2.6 3.4",
    "interrupted": "M.9 -4.6 L-2.4 .8 L2.4 -.8 L-.9 4.6",
    "cached": "M-4 .5 L-1.2 3.3 L4.2 -2.8",
}
_HOLLOW: dict[Status, str] = {"waiting": "", "running": ' stroke-dasharray="26 18"', "cached": ""}
"""Those drawn as a ring, with how it is broken."""


def draw_svg(nodes: Sequence[Node], *, title: str = "") -> str:
    """Return the graph from top to bottom as one SVG element, which is a file of its own as well as a part of a page.

    >>> draw_svg([Node(name="a", title="a"), Node(name="b", title="b", above=("a",))], title="two steps")[:4]
    '<svg'
    """
    layout = lay_out({node.name: node.above for node in nodes}, box=_BOX, gap=_GAP)
    width, height = layout.width + 2 * _EDGE, layout.height + 2 * _EDGE
    edges = [_edge(points) for points in layout.lines.values()]
    boxes = [_box(node, layout.boxes[node.name]) for node in nodes]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="tg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
        f'height="{height:g}" role="img" aria-label="{_safe(title or "the steps and what they use")}">'
        f"<title>{_safe(title)}</title><style>{_STYLE}</style>"
        f'<defs><marker id="tg-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path class="head" d="M0 0 L8 4 L0 8 Z"/></marker></defs>'
        f'<g transform="translate({_EDGE} {_EDGE})">{"".join(edges)}{"".join(boxes)}</g></svg>\n'
    )


def _edge(points: Sequence[Point]) -> str:
    """A line that leaves and comes upright, and runs straight down through the layers it only crosses."""
    half = _BOX[1] / 2
    x, y = points[0][0], points[0][1] + half
    path = [f"M{x:g} {y:g}"]
    for number, (to_x, middle) in enumerate(points[1:], start=1):
        to_y = middle - half
        bend = (to_y - y) / 2
        path.append(f"C{x:g} {y + bend:g} {to_x:g} {to_y - bend:g} {to_x:g} {to_y:g}")
        x, y = to_x, middle + half
        if number < len(points) - 1:
            path.append(f"V{y:g}")
    return f'<path class="edge" d="{" ".join(path)}" marker-end="url(#tg-head)"/>'


def _box(node: Node, middle: Point) -> str:
    left, top = middle[0] - _BOX[0] / 2, middle[1] - _BOX[1] / 2
    kind = " idle" if node.status in ("waiting", "skipped") else ""
    time = said_seconds(node.seconds) if node.seconds and node.status not in ("cached", "skipped") else ""
    title = node.title + (f" × {node.count}" if node.count > 1 else "")
    below = node.detail if node.detail and node.count == 1 else _below(node)
    stack = "".join(
        f'<rect class="box" x="{shift}" y="{shift}" width="{_BOX[0]}" height="{_BOX[1]}" rx="9"/>'
        for shift in ((6, 3) if node.count > 1 else ())
    )
    spoken = " · ".join(filter(None, [node.name, WORDS[node.status], time, node.why]))
    return (
        f'<g class="{node.status}{kind}" transform="translate({left:g} {top:g})"><title>{_safe(spoken)}</title>{stack}'
        f'<rect class="box" width="{_BOX[0]}" height="{_BOX[1]}" rx="9"/>{_sign(node.status)}'
        f'<text class="title" x="38" y="19.5">{_safe(shortened(title, 166 - 6.5 * len(time), 13.5 * 1.06))}</text>'
        f'<text class="time" x="{_BOX[0] - 11}" y="19.5" text-anchor="end">{_safe(time)}</text>'
        f'<text x="38" y="36">{_safe(shortened(below, 168, 11.5))}</text></g>'
    )


def _below(node: Node) -> str:
    if node.count > 1 or (node.why and node.status in ("failed", "skipped", "running", "cancelled", "interrupted")):
        return node.why
    return WORDS[node.status]


def _sign(status: Status) -> str:
    """A disc or ring with a mark: what it says must not hang on the colour alone."""
    colour = f"var(--{status})"
    hollow = status in _HOLLOW
    disc = (
        f'<circle class="ring" r="7.5" stroke="{colour}"{_HOLLOW[status]}/>'
        if hollow
        else f'<circle r="8.5" fill="{colour}"/>'
    )
    glyph = _GLYPHS.get(status, "")
    stroke = f' style="stroke:{colour}"' if hollow else ""
    mark = f'<path class="glyph" d="{glyph}"{stroke}/>' if glyph else ""
    return f'<g transform="translate(20 {_BOX[1] / 2:g})">{disc}{mark}</g>'


def shortened(text: str, room: float, size: float) -> str:
    """Return a text that fits into so many pixels, cut at the end where it would not.

    >>> shortened("a long reason for little room", 80, 12)
    'a long reaso…'
    """
    text = " ".join(text.split())
    if _wide(text) * size <= room:
        return text
    while text and _wide(text + "…") * size > room:
        text = text[:-1]
    return text.rstrip() + "…"


def _safe(text: str) -> str:
    """The text as XML has it; for what XML has no sign stands a blank."""
    return escape_html(_UNSAYABLE.sub(" ", text))


def _wide(text: str) -> float:
    """About how wide a text is, in its own height: what a picture that meets any font can know."""
    return sum(
        0.3 if sign in "iljt.,:;'|![]()f " else 0.86 if sign in "mwMW@%" else 1.0 if ord(sign) > 0x2E80 else
        0.67 if sign.isupper() else 0.56
        for sign in text
    )  # fmt: skip
