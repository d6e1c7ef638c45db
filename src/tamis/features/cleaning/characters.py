"""The step `unicode`: one form for each character, and none that cannot be seen."""

from __future__ import annotations

import re
import unicodedata
from typing import ClassVar, Literal

from tamis.features.cleaning.step import Change, Step

# Soft hyphens, byte order marks and direction marks lie inside words; joiners (of emoji, of Indian scripts) stay.
_INVISIBLE = "\u00ad\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff"
_BREAKS = "\x0b\x0c\x85\u2028\u2029"
_SPACES = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\xa0\u1680\u2000-\u200b\u202f\u205f\u3000"
_ODD = re.compile(f"(\r\n?|[{_BREAKS}])|([{_SPACES}])|[{_INVISIBLE}]|([\ud800-\udfff])")


class Unicode(Step):
    """Composes characters and repairs what no reader sees: control characters, odd spaces, byte order marks."""

    name: ClassVar[str] = "unicode"
    summary: ClassVar[str] = "one form per character"

    form: Literal["NFC", "NFKC"] = "NFC"
    """NFKC also unfolds ligatures, full-width letters and the like; that cannot be undone."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        form = self.form

        def change(text: str) -> str:
            if _ODD.search(text):
                text = _ODD.sub(_plain, text)
            return text if unicodedata.is_normalized(form, text) else unicodedata.normalize(form, text)

        return change


def _plain(found: re.Match[str]) -> str:
    if found[1]:
        return "\n"
    if found[2]:
        return " "
    return "\ufffd" if found[3] else ""
