"""HTML that was left in texts: tags such as <br />, entities such as &amp;."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from html.entities import html5

import polars as pl

from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, as_rows, counted, percent, shown
from tamis.quality.rewrite import rewriting

# Only what HTML knows: "<3", "<unk>", "a < b > c" and List<String> are none of our business. Names that are ordinary
# words too ("usage: copy <input> <object>") count only as a closing tag or with attributes.
_INLINE = "b|big|em|i|small|span|strike|strong|sub|sup|tt|u|wbr"
_INLINE_WORDS = "a|abbr|cite|code|font|img|ins|kbd|mark"
_BLOCK = "blockquote|br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|tbody|td|tfoot|th|thead|tr|ul"
_BLOCK_WORDS = (
    "article|body|center|footer|form|head|header|html|iframe|input|link|meta|nav|object|option|pre|script|section|"
    "select|style|table|title|video"
)
_ATTRIBUTES = r"""(?:\s+[a-zA-Z_:@-][\w:.-]*\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))"""


def _tags(bare: str, words: str) -> str:
    return rf"<(?:{bare})\s*/?>|<(?:{bare}|{words}){_ATTRIBUTES}+\s*/?>|</(?:{bare}|{words})\s*>"


_COMMENT = r"<!--.*?-->|<!doctype html[^<>]*>"
_ENTITY = r"&(?:[a-zA-Z]{2,8}[1-4]{0,2}|#\d{2,6}|#[xX][0-9a-fA-F]{2,5});"
_ANY_TAG = rf"(?is){_tags(_INLINE, _INLINE_WORDS)}|{_tags(_BLOCK, _BLOCK_WORDS)}|{_COMMENT}"

_INLINE_TAG = re.compile(_tags(_INLINE, _INLINE_WORDS), re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"[ \t]*(?:{_tags(_BLOCK, _BLOCK_WORDS)}|{_COMMENT})[ \t]*", re.IGNORECASE | re.DOTALL)
# an opening tag that is a word too goes only where its closing tag went
_OPENING = re.compile(rf"<({_INLINE_WORDS}|{_BLOCK_WORDS})\s*>(?=.*</\1\s*>)", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(rf"<(script|style){_ATTRIBUTES}*\s*>.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_ANY_ENTITY = re.compile(_ENTITY)
_RARE_SHARE = 0.005
_NEWLINE = re.compile(r"</?(?:br|p|div|tr|li|h[1-6])\b", re.IGNORECASE)


def traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    """Ask whether a text holds a tag, and whether it holds what looks like an entity."""
    text = pl.col("text")
    return {"tag": text.str.contains(_ANY_TAG), "entity": text.str.contains(_ENTITY)}


def check_html(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts with leftover HTML."""
    tags = context.rows_where("tag")
    maybe = context.rows_where("entity")
    texts = context.texts_of(maybe).to_list() if len(maybe) else []
    entities = as_rows([row for row, text in zip(maybe, texts, strict=True) if _has_entity(text)])
    rows = as_rows([*tags, *entities])
    if not len(rows):
        return
    first = context.texts_of(rows[: context.settings.shown_rows]).to_list()
    parts = [f"tags in {len(tags):,}" if len(tags) else "", f"entities in {len(entities):,}" if len(entities) else ""]
    yield Finding(
        kind="html",
        severity="warning" if context.share_of(rows) >= _RARE_SHARE else "note",
        title=f"{counted(len(rows), 'text holds', 'texts hold')} leftover HTML ({', '.join(filter(None, parts))})",
        explanation=f"Markup is no language; {percent(context.share_of(rows))} of the rows carry it into the model.",
        rows=rows,
        share=context.share_of(rows),
        samples=tuple(_around(text) for text in first),
        fix=Fix(
            name="html",
            what=f"take the tags out and spell the entities as letters in {counted(len(rows), 'text')}",
            rewrite=rewriting(
                without_html, where=pl.col("text").str.contains(_ANY_TAG) | pl.col("text").str.contains(_ENTITY)
            ),
        ),
        details={"tags": len(tags), "entities": len(entities)},
    )


def without_html(text: str) -> str:
    """Return a text with its tags taken out and its entities spelled, however often they were escaped.

    >>> without_html("Tom &amp;amp; <b>Jerry</b><br />I &lt;3 it, a < b")
    'Tom & Jerry\\nI <3 it, a < b'
    """
    as_it_was = text
    for _ in range(6):
        mended = _HIDDEN.sub(" ", text)
        mended = _OPENING.sub(" ", mended) if "</" in mended else mended
        mended = _BLOCK_TAG.sub(lambda tag: "\n" if _NEWLINE.search(tag[0]) else " ", mended)
        mended = _INLINE_TAG.sub("", mended)
        mended = _ANY_ENTITY.sub(lambda entity: _spelled(entity[0]), mended)
        if mended == text:
            break
        text = mended
    return text if text == as_it_was else re.sub(r"\n{3,}", "\n\n", text.replace("\xa0", " ")).strip()


def _spelled(entity: str) -> str:
    return html.unescape(entity) if _known(entity) else entity


def _known(entity: str) -> bool:
    return entity.startswith("&#") or entity[1:] in html5


def _has_entity(text: str) -> bool:
    return any(_known(entity) for entity in _ANY_ENTITY.findall(text))


def _around(text: str) -> str:
    """The first tag or entity with what stands beside it."""
    found = re.search(_ANY_TAG, text) or next((e for e in _ANY_ENTITY.finditer(text) if _known(e[0])), None)
    start = max(0, found.start() - 40) if found else 0
    return ("…" if start else "") + shown(text[start:], width=100)
