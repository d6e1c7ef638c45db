"""Page: one self-contained HTML file (no network, no script needed) in the look that all of Tamis's pages share."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape
from string import Template

from tamis.core import drawing

_STYLE = """
:root { --ink:#1d2433; --soft:#5b6577; --line:#e3e7ee; --paper:#ffffff; --wash:#f6f7fa; --accent:#2f6fde;
  --good:#1f8a54; --warn:#b26a00; --bad:#c4302b; color-scheme: light dark; }
@media (prefers-color-scheme: dark) { :root { --ink:#e7eaf0; --soft:#9aa5b8; --line:#2c3443; --paper:#171c26;
  --wash:#10141c; --accent:#7aa7ff; --good:#58c48c; --warn:#e5a84b; --bad:#ff7a70; } }
* { box-sizing: border-box; }
body { margin:0; background:var(--wash); color:var(--ink); font:15px/1.55 system-ui,-apple-system,"Segoe UI",
  Roboto,"DejaVu Sans",sans-serif; }
header { background:var(--paper); border-bottom:1px solid var(--line); padding:28px 0 18px; }
header, main { padding-left:max(20px, calc(50vw - 560px)); padding-right:max(20px, calc(50vw - 560px)); }
h1 { margin:0; font-size:28px; letter-spacing:-.02em; } .lead { color:var(--soft); margin:6px 0 0; }
nav { margin-top:16px; display:flex; flex-wrap:wrap; gap:4px 16px; font-size:14px; }
a { color:var(--accent); text-decoration:none; } a:hover { text-decoration:underline; }
main { padding-top:24px; padding-bottom:60px; }
section { background:var(--paper); border:1px solid var(--line); border-radius:12px; padding:20px 24px;
  margin:0 0 20px; }
h2 { margin:0 0 4px; font-size:19px; letter-spacing:-.01em; } h3 { margin:20px 0 6px; font-size:15px; }
section > p { margin:4px 0 12px; color:var(--soft); max-width:78ch; }
.essence { list-style:none; margin:10px 0 4px; padding:0; font-size:16px; line-height:1.6; }
.essence li { padding-left:18px; position:relative; } .essence li::before { content:""; position:absolute; left:0;
  top:.62em; width:7px; height:7px; border-radius:50%; background:var(--accent); }
.tiles { display:grid; grid-template-columns:repeat(auto-fit,minmax(140px,1fr)); gap:12px; margin:14px 0 2px; }
.tile { background:var(--wash); border:1px solid var(--line); border-radius:10px; padding:12px 14px; }
.tile b { display:block; font-size:22px; letter-spacing:-.02em; font-variant-numeric:tabular-nums; }
.tile span { color:var(--soft); font-size:13px; }
.scroll { overflow-x:auto; } table { border-collapse:collapse; width:100%; font-size:14px; }
th { text-align:left; font-weight:600; color:var(--soft); border-bottom:1px solid var(--line); padding:6px 10px 6px 0; }
td { border-bottom:1px solid var(--line); padding:6px 10px 6px 0; vertical-align:top; overflow-wrap:break-word; }
tr:last-child td { border-bottom:0; } td.n, th.n { text-align:right;
  font-variant-numeric:tabular-nums; white-space:nowrap; }
figure { margin:12px 0 4px; } figure img { width:100%; height:auto; border-radius:8px; background:#fff; }
figure.clear img { background:none; }
figcaption { color:var(--soft); font-size:13px; margin-top:4px; }
.pair { display:grid; grid-template-columns:repeat(auto-fit,minmax(420px,1fr)); gap:8px 24px; }
.badge { display:inline-block; border-radius:99px; padding:1px 10px; font-size:12px; font-weight:600; color:#fff; }
.badge.good { background:var(--good); } .badge.warn { background:var(--warn); } .badge.bad { background:var(--bad); }
.badge.note { background:var(--accent); }
@media (prefers-color-scheme: dark) { .badge { color:#10141c; } }
code, pre { font:13px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace; }
code { background:var(--wash); border:1px solid var(--line); border-radius:5px; padding:0 5px; }
pre { background:var(--wash); border:1px solid var(--line); border-radius:8px; padding:10px 14px; overflow-x:auto; }
blockquote { margin:6px 0; padding:6px 14px; border-left:3px solid var(--line); white-space:pre-wrap; }
blockquote mark { color:inherit; border-radius:4px; padding:0 2px; }
blockquote > .who { display:block; font-size:12.5px; color:var(--soft); white-space:normal; }
.advice { margin:14px 0 2px; padding:9px 14px; border-radius:8px; border-left:4px solid var(--accent);
  background:color-mix(in srgb, var(--accent) 9%, transparent); font-size:14px; max-width:92ch; }
.advice.warn { border-color:var(--warn); background:color-mix(in srgb, var(--warn) 11%, transparent); color:inherit; }
.advice.good { border-color:var(--good); background:color-mix(in srgb, var(--good) 9%, transparent); color:inherit; }
@media (max-width:600px) { section { padding:16px 16px; } .pair { grid-template-columns:minmax(0,1fr) !important; }
  .tile b { font-size:19px; } .tiles { grid-template-columns:repeat(auto-fit,minmax(110px,1fr)); gap:8px; } }
details > summary { cursor:pointer; color:var(--accent); } footer { color:var(--soft); font-size:13px; }
@media print { section { break-inside:avoid; } body { background:#fff; } }
"""

_SHELL = Template(
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>$title</title><style>$style</style></head>
<body><header><h1>$title</h1><p class="lead">$lead</p><nav>$nav</nav></header>
<main>
$sections
<footer>$footer</footer></main></body></html>
"""
)


@dataclass
class Page:
    """A title and sections in order; `html()` returns the file's text.

    >>> page = Page("Reviews", lead="1,452 rows")
    >>> page.section("Rows", tiles([("1,452", "rows")]))
    >>> "<h2>Rows</h2>" in page.html()
    True
    """

    title: str
    lead: str = ""
    footer: str = "Made with Tamis. This page needs no network."
    _sections: list[tuple[str, str]] = field(default_factory=list)

    def section(self, heading: str, *parts: str, intro: str = "") -> None:
        """Add a section; `parts` are HTML made by the functions of this file, `intro` is plain text."""
        lead = f"<p>{escape(intro)}</p>" if intro else ""
        self._sections.append((heading, lead + "\n".join(parts)))

    def html(self) -> str:
        """Return the whole page."""
        anchors = [f"s{number}" for number in range(1, len(self._sections) + 1)]
        return _SHELL.substitute(
            title=escape(self.title),
            lead=escape(self.lead),
            style=_STYLE + drawing.STYLE,
            nav="".join(
                f'<a href="#{anchor}">{escape(heading)}</a>'
                for anchor, (heading, _) in zip(anchors, self._sections, strict=True)
            ),
            sections="\n".join(
                f'<section id="{anchor}"><h2>{escape(heading)}</h2>{body}</section>'
                for anchor, (heading, body) in zip(anchors, self._sections, strict=True)
            ),
            footer=escape(self.footer),
        )


def tiles(figures: Iterable[tuple[str, str]]) -> str:
    """Return big numbers with their captions."""
    cells = "".join(
        f'<div class="tile"><b>{escape(big)}</b><span>{escape(small)}</span></div>' for big, small in figures
    )
    return f'<div class="tiles">{cells}</div>'


def table(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; numbers stand right and get thousands separators; a `Raw` cell is HTML already."""
    body = []
    numeric = [False] * len(headers)
    for row in rows:
        cells = []
        for column, value in enumerate(row):
            if isinstance(value, (int, float)) and not isinstance(value, bool):
                numeric[column] = True
            cells.append(f"<td{_right(numeric[column])}>{_cell(value)}</td>")
        body.append(f"<tr>{''.join(cells)}</tr>")
    head = "".join(f"<th{_right(right)}>{escape(name)}</th>" for name, right in zip(headers, numeric, strict=True))
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(body)}</tbody></table></div>'


class Raw(str):
    """Text that is HTML already."""

    __slots__ = ()


def badge(text: str, kind: str) -> Raw:
    """Return a coloured word; `kind` is good, warn, bad or note."""
    return Raw(f'<span class="badge {kind}">{escape(text)}</span>')


def picture(png: bytes, *, caption: str = "", alt: str = "", clear: bool = False) -> str:
    """Return a PNG inside the page; a `clear` one has no paper of its own and suits light and dark."""
    data = base64.b64encode(png).decode()
    under = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    kind = ' class="clear"' if clear else ""
    return f'<figure{kind}><img src="data:image/png;base64,{data}" alt="{escape(alt or caption)}">{under}</figure>'


def side_by_side(*parts: str) -> str:
    """Return parts that share a line where there is room."""
    return f'<div class="pair">{"".join(f"<div>{part}</div>" for part in parts)}</div>'


def quote(text: str, *, who: str = "", most: int = 600) -> str:
    """Return a text set apart, as written, with `who` above it; of a long one the rest opens on a click."""
    above = f'<span class="who">{escape(who)}</span>' if who else ""
    if len(text) <= most * 1.25:
        return f'<blockquote dir="auto">{above}{escape(text)}</blockquote>'
    cut = text.rfind(" ", most // 2, most) if " " in text[most // 2 : most] else most
    rest = f"<details><summary>{len(text) - cut:,} more characters</summary>{escape(text[cut:].lstrip())}</details>"
    return f'<blockquote dir="auto">{above}{escape(text[:cut])} …{rest}</blockquote>'


def advice(text: str, *, kind: str = "note") -> str:
    """Return one sentence set apart that says what to do; `kind` is note, warn or good."""
    return f'<p class="advice {escape(kind)}">{escape(text)}</p>'


def code(text: str) -> Raw:
    """Return a command or a name in the typeface of code."""
    return Raw(f"<code>{escape(text)}</code>")


def _cell(value: object) -> str:
    if isinstance(value, Raw):
        return value
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.3g}" if abs(value) < 1000 else f"{value:,.0f}"
    return escape(str(value))


def _right(numeric: bool) -> str:
    return ' class="n"' if numeric else ""
