"""The step `html`: tags go, entities become their characters, scripts and styles vanish."""

from __future__ import annotations

import re
from html import unescape
from html.entities import html5
from html.parser import HTMLParser
from typing import ClassVar

from tamis.features.cleaning.step import Change, Step

# Tags that stand inside a word or a sentence; every other tag separates.
_INLINE = (
    "a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd mark q rp rt ruby s samp small span strike "
    "strong sub sup time tt u var wbr"
)
_BLOCK = (
    "address applet area article aside audio base blockquote body br button canvas caption center col colgroup "
    "datalist dd details dialog dir div dl dt embed fieldset figcaption figure footer form frame frameset h1 h2 h3 h4 "
    "h5 h6 head header hr html iframe img input label legend li link main map menu meta meter nav noframes noscript "
    "object ol optgroup option output p param picture pre progress section select slot source summary svg table tbody "
    "td template textarea tfoot th thead title tr track ul video"
)
_SILENT = frozenset({"script", "style"})
_NOTHING = frozenset(_INLINE.split())
_SPACE = frozenset(_BLOCK.split()) | _SILENT
_TAG = re.compile("<[A-Za-z/!?]")
_ENTITY = re.compile("&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]*);")


class Html(Step):
    """Takes HTML out of text and leaves what merely looks like it ("x < y", "I <3 you", "<unknown>")."""

    name: ClassVar[str] = "html"
    summary: ClassVar[str] = "tags and scripts; &amp; becomes &"

    def build(self) -> Change:
        """Return the function that applies this step."""
        return strip_html


def strip_html(text: str) -> str:
    """Return the text that a browser would show.

    >>> strip_html("<p>Tom &amp; Jerry</p><p>x < y, <b>n</b>ever&nbsp;1&lt;2</p><script>x()</script>").strip()
    'Tom & Jerry\\n\\nx < y, never\\xa01<2'
    """
    if _TAG.search(text):
        text = _without_tags(text)
    return _ENTITY.sub(_character, text) if "&" in text else text


def _without_tags(text: str) -> str:
    parser = _Text()
    # Entities are undone afterwards, by name and only with their semicolon: "?a=1&copy=2" is no copyright sign.
    # "<![" is no HTML; and a last "<" that nothing closes is text.
    text = text.replace("&", "&amp;").replace("<![", "&lt;![")
    last = text.rfind(">") + 1
    parser.feed(text[:last] + text[last:].replace("<", "&lt;"))
    parser.close()
    return "".join(parser.parts)


def _character(found: re.Match[str]) -> str:
    name = found[1]
    return unescape(found[0]) if name[0] == "#" or f"{name};" in html5 else found[0]


class _Text(HTMLParser):
    """Collects what is shown."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent = ""

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT and not self._silent:
            self._silent = tag
        self._tag(tag, self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._tag(tag, self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._silent:
            self._silent = ""
        self._tag(tag, f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self._put(" ")

    def handle_decl(self, decl: str) -> None:
        self._put(" ")

    def handle_pi(self, data: str) -> None:
        self._put(" ")

    def _tag(self, tag: str, written: str) -> None:
        if tag in _SPACE:
            self._put("\n")
        elif tag not in _NOTHING:
            self._put(written.replace("&amp;", "&"))

    def _put(self, text: str) -> None:
        if not self._silent:
            self.parts.append(text)
