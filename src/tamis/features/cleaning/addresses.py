"""The steps `urls` and `mentions`: addresses, whole, before anybody takes their punctuation."""

from __future__ import annotations

import re
from typing import ClassVar

from tamis.features.cleaning.step import Change, Step

_BODY = r"[^\s<>\"'“”‘’«»`{}|\\^]"
_LAST = r"[^\s<>\"'“”‘’«»`{}|\\^.,;:!?…)\]*~]"
_DOMAINS = "com|org|net|io|co|ly|gl|me|be|ai|edu|gov|info|uk|de|fr|es|it|nl|eu|us|ca|au|in|jp|ch|at|dev|app|gg|tv"
_URL = (
    rf"(?:https?|ftp)://{_BODY}*{_LAST}"
    rf"|www\.{_BODY}*{_LAST}"
    rf"|(?:[a-z0-9-]+\.)+(?:{_DOMAINS})/(?:{_BODY}*{_LAST})?"
)
_EMAIL = r"(?:mailto:)?[\w.+%-]+@(?:[\w-]+\.)+[a-z]{2,}(?!\w)"


class Urls(Step):
    """Takes web and e-mail addresses, without the full stop or bracket behind them."""

    name: ClassVar[str] = "urls"
    summary: ClassVar[str] = "take web and e-mail addresses out, or put a word in their place"

    replace: str = ""
    """The word in their place; empty: nothing."""
    emails: bool = True
    """Whether e-mail addresses go too."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        pattern = re.compile(rf"(?<![\w@])(?:{_URL}{'|' + _EMAIL if self.emails else ''})", re.IGNORECASE)
        word = self.replace

        def change(text: str) -> str:
            if "/" not in text and "@" not in text and "." not in text:
                return text
            return pattern.sub(lambda _: word, text)

        return change


class Mentions(Step):
    """Takes `@name`, as tweets have it; the `@` of an e-mail address is none."""

    name: ClassVar[str] = "mentions"
    summary: ClassVar[str] = "take @names out, or put a word in their place"

    replace: str = ""
    """The word in their place; empty: nothing."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        pattern, word = re.compile(r"(?<![\w@])@\w+"), self.replace
        return lambda text: pattern.sub(lambda _: word, text) if "@" in text else text
