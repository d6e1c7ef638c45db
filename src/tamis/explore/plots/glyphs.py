"""Glyphs: which fonts can write a text, and what stands in for signs that none of them has."""

from __future__ import annotations

import textwrap
from functools import cache
from pathlib import Path

_MAIN = "DejaVu Sans"
_UNKNOWN = "\u25a1"  # an empty square


def families_for(text: str) -> list[str]:
    """Return the fonts to write a text with: DejaVu Sans, then what the machine has for signs it lacks."""
    families = [_MAIN]
    missing = {sign for sign in text if ord(sign) > 127} - _signs(_MAIN)
    for family in _others() if missing else ():
        found = missing & _signs(family)
        if found:
            families.append(family)
            missing -= found
        if not missing:
            break
    return families


def writable(text: str, *, width: int = 30, lines: int = 3) -> str:
    """Return a text in short lines, with signs that no font has shown as empty squares."""
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    known: set[str] = set().union(*(_signs(family) for family in families_for(plain)))
    shown = "".join(sign if ord(sign) < 127 or sign in known else _UNKNOWN for sign in plain)
    return "\n".join(textwrap.wrap(shown, width, max_lines=lines, placeholder=" …")) or _UNKNOWN


def can_write(text: str) -> bool:
    """Return whether the clouds' font has every sign of a text."""
    return all(sign in _signs(_MAIN) for sign in text if ord(sign) > 127)


def font_file() -> Path:
    """Return the file of the font that comes with matplotlib, which is the same on every machine."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


@cache
def _signs(family: str) -> frozenset[str]:
    from matplotlib.ft2font import FT2Font

    path = str(font_file()) if family == _MAIN else dict(_installed())[family]
    return frozenset(chr(code) for code in FT2Font(path).get_charmap())


def _others() -> list[str]:
    return [family for family, _ in _installed()]


@cache
def _installed() -> tuple[tuple[str, str], ...]:
    """The machine's upright text fonts and their files; those that only draw placeholders are no help."""
    from matplotlib.font_manager import fontManager

    found = {
        font.name: font.fname
        for font in sorted(fontManager.ttflist, key=lambda font: (font.name, font.fname), reverse=True)
        if font.style == "normal" and "Last Resort" not in font.name and "STIX" not in font.name
    }
    return tuple(sorted((name, file) for name, file in found.items() if not name.startswith(("cm", _MAIN))))
