"""Damage by wrong encodings: 'Ã©' for 'é', the replacement character, control characters."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

import polars as pl

from tamis.quality.config import QualitySettings
from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, Rows, as_rows, counted, shown
from tamis.quality.rewrite import rewriting

# Bytes 0x80 to 0x9F as Windows-1252 shows them; the five it does not use show as control characters.
_WINDOWS = {
    byte: bytes([byte]).decode("cp1252") if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D) else chr(byte)
    for byte in range(0x80, 0xA0)
}
_BYTE_OF = {sign: byte for byte, sign in _WINDOWS.items()} | {chr(byte): byte for byte in range(0x80, 0x100)}
_TRAILING = "".join(_WINDOWS.values()) + "".join(map(chr, range(0x80, 0xC0)))
_LEADING = "".join(map(chr, range(0xC2, 0xF5)))
_CLASS = {"lead": re.escape(_LEADING), "trail": re.escape(_TRAILING)}

# the quick look, for the Rust engine: a leading byte's sign and a trailing byte's sign side by side
_SUSPECT = "[\u00c2-\u00f4][{}]".format("".join(f"\\x{{{ord(sign):x}}}" for sign in sorted(set(_TRAILING))))
_RUN = re.compile(f"[{_CLASS['lead']}{_CLASS['trail']}]{{2,}}")

# Signs that people type behind a word that ends in a capital or an accent: 'MENÜ“', 'IRMÃ”', 'café”…'.
_MARKS = frozenset("‘’“”„‚‹›«»–—…•\xa0")
_SIGNS = _MARKS | frozenset("©®™°·")  # 'CAFÉ®'; but 'Ã©' is how most damage looks
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{84}\x{86}-\x{9f}\x{feff}]"
_ANY_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufeff]")

# 'don?t', 'it?s': English words that are no words without their apostrophe
_ANY_ASKED = (
    r"(?i)\b(?:do|does|did|is|was|were|are|ca|could|should|would|wo|have|has|had)n\?t\b"
    r"|\b(?:i\?(?:m|ve|ll|d)|(?:you|we|they)\?(?:re|ve|ll)|(?:it|that|she|he|there|what)\?(?:s|ll))\b"
)
_ASKED = re.compile(_ANY_ASKED)


def traits(settings: QualitySettings) -> Mapping[str, pl.Expr]:
    """Ask whether a text looks doubly encoded, holds a replacement character, or holds control characters."""
    text = pl.col("text")
    return {
        "suspect": text.str.contains(_SUSPECT),
        "replaced": text.str.contains("\ufffd", literal=True),
        "asked": text.str.contains(_ANY_ASKED),
        "control": text.str.contains(_CONTROL),
    }


def check_encoding(context: CheckContext) -> Iterable[Finding]:
    """Yield the texts that were read or written in a wrong encoding."""
    suspects = context.rows_where("suspect")
    texts = context.texts_of(suspects).to_list() if len(suspects) else []
    pairs = [(row, text, repaired(text)) for row, text in zip(suspects, texts, strict=True)]
    damaged = [(row, text, mended) for row, text, mended in pairs if mended != text]
    if damaged:
        rows = as_rows([row for row, _, _ in damaged])
        yield Finding(
            kind="encoding.double", severity="warning", rows=rows, share=context.share_of(rows),
            title=f"{counted(len(rows), 'text was', 'texts were')} read in the wrong encoding (such as 'Ã©' for 'é')",
            explanation="UTF-8 was taken for Windows-1252 somewhere on the way. It can be undone without loss.",
            samples=tuple(_before_after(text, mended) for _, text, mended in damaged[: context.settings.shown_rows]),
            fix=Fix(name="encoding", what=f"undo the double encoding in {counted(len(rows), 'text')}",
                    rewrite=rewriting(repaired, where=pl.col("text").str.contains(_SUSPECT))),
        )  # fmt: skip
    replaced = context.rows_where("replaced")
    if len(replaced):
        yield Finding(
            kind="encoding.lost", severity="warning", rows=replaced, share=context.share_of(replaced),
            title=f"{counted(len(replaced), 'text has', 'texts have')} lost letters (\ufffd stands in their place)",
            explanation="The letters are gone for good. Read the source again in its right encoding if you can.",
            samples=tuple(_around(text, "\ufffd") for text in _first(context, replaced)),
        )  # fmt: skip
    asked = context.rows_where("asked")
    if len(asked):
        yield Finding(
            kind="encoding.question", severity="warning", rows=asked, share=context.share_of(asked),
            title=f"{counted(len(asked), 'text has', 'texts have')} a question mark where an apostrophe was ('don?t')",
            explanation="A curly apostrophe did not survive an old encoding; other signs may have become '?' too.",
            samples=tuple(_around(text, found[0]) for text in _first(context, asked) if (found := _ASKED.search(text))),
            fix=Fix(name="apostrophes", what=f"put the apostrophe back in {counted(len(asked), 'text')}",
                    rewrite=rewriting(_with_apostrophes, where=pl.col("text").str.contains(_ANY_ASKED))),
        )  # fmt: skip
    control = context.rows_where("control")
    if len(control):
        yield Finding(
            kind="encoding.control", severity="warning", rows=control, share=context.share_of(control),
            title=f"{counted(len(control), 'text holds', 'texts hold')} control characters that no one can see",
            explanation="They split words for a tokenizer and make equal texts differ.",
            samples=tuple(ascii(shown_around) for shown_around in (_cut(t) for t in _first(context, control))),
            fix=Fix(name="control", what=f"take control characters out of {counted(len(control), 'text')}",
                    rewrite=rewriting(without_control, where=pl.col("text").str.contains(_CONTROL))),
        )  # fmt: skip


def repaired(text: str) -> str:
    """Return a text with its double encodings undone, where that is sure; every other text as it is.

    >>> repaired("cafÃ© â€œau laitâ€\x9d"), repaired("SÃO PAULO, MENÜ“")
    ('café “au lait”', 'SÃO PAULO, MENÜ“')
    """
    for _ in range(3):
        found = [(run, *_undone(run)) for run in _RUN.finditer(text)]
        if not any(sure for _, _, sure in found):
            break
        for run, better, _ in reversed(found):
            text = text[: run.start()] + better + text[run.end() :]
    return text


def without_control(text: str) -> str:
    r"""Return a text without control characters; those that Windows meant as quotes and dashes become these.

    >>> without_control("it\x92s\x00 fine\ufeff")
    'it’s fine'
    """
    return _ANY_CONTROL.sub(lambda sign: _meant(sign[0]), text)


def _with_apostrophes(text: str) -> str:
    return _ASKED.sub(lambda word: word[0].replace("?", "'"), text)


def _meant(sign: str) -> str:
    windows = _WINDOWS.get(ord(sign), "")
    return windows if windows != sign else ""


def _undone(run: re.Match[str]) -> tuple[str, bool]:
    """The run with its UTF-8 sequences read as such, and whether one of them can hardly be anything else."""
    signs, after = run[0], run.string[run.end() : run.end() + 1]
    data = bytes(_BYTE_OF[sign] for sign in signs)
    out, at, sure = [], 0, False
    while at < len(data):
        size = 1 if data[at] < 0xC2 else 2 if data[at] < 0xE0 else 3 if data[at] < 0xF0 else 4
        letter = _decoded(data[at : at + size]) if size > 1 else None
        if letter is None:
            out.append(signs[at])
            at += 1
            continue
        following = (signs + after)[at + size : at + size + 1]
        marks = _MARKS if signs[at] == "Ã" else _SIGNS
        typed = set(signs[at + 1 : at + size]) <= marks and not following.isalpha() and signs[at] != "Â"
        sure = sure or not typed
        out.append(letter)
        at += size
    # without a sure one beside it, only Ã is so seldom typed that the rest of the text may vouch for it
    return ("".join(out) if sure or "Ã" in signs else signs), sure


def _decoded(data: bytes) -> str | None:
    try:
        letter = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if unicodedata.category(letter) in ("Co", "Cn", "Cc", "Cs") else letter


def _first(context: CheckContext, rows: Rows) -> list[str]:
    return context.texts_of(rows[: context.settings.shown_rows]).to_list()


def _around(text: str, sign: str) -> str:
    at = text.find(sign)
    start = max(0, at - 30)
    return ("…" if start else "") + shown(text[start : at + 40], width=80)


def _cut(text: str) -> str:
    found = _ANY_CONTROL.search(text)
    at = found.start() if found else 0
    return text[max(0, at - 20) : at + 20]


def _before_after(text: str, mended: str) -> str:
    at = next((at for at, (a, b) in enumerate(zip(text, mended, strict=False)) if a != b), 0)
    start = max(0, at - 15)
    return f"{shown(text[start : at + 25], width=45)}  →  {shown(mended[start : at + 25], width=45)}"
