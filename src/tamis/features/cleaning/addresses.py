"""The steps `urls` and `mentions`: addresses, whole, before anybody takes their punctuation."""

from __future__ import annotations

import re
from typing import ClassVar

from tamis.features.cleaning.step import Change, Step

_DOMAINS = "com|org|net|io|co|ly|gl|me|be|ai|edu|gov|info|uk|de|fr|es|it|nl|eu|us|ca|au|in|jp|ch|at|dev|app|gg|tv"
# every repetition has an end: a text of 100,000 full stops must not take minutes
_URL = (
    rf"(?P<start>(?:https?|ftp)://|www\.|(?P<domain>(?:[a-z0-9-]{{1,63}}\.){{1,6}}(?:{_DOMAINS})/))"
    r"(?P<rest>[^\s<>\"'“”‘’«»`{}|\\^]*)"
)
_TRAILING = ".,;:!?…*~)]"
_EMAIL = r"(?:mailto:)?[\w.+%-]{1,64}@(?:[\w-]{1,63}\.){1,6}[a-z]{2,24}(?!\w)"


class Urls(Step):
    """Takes web and e-mail addresses, without the full stop or bracket behind them."""

    name: ClassVar[str] = "urls"
    summary: ClassVar[str] = "web and e-mail addresses"

    replace: str = ""
    """The word in their place; empty: nothing."""
    emails: bool = True
    """Whether e-mail addresses go too."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        either = f"{_URL}|{_EMAIL}" if self.emails else _URL
        pattern = re.compile(rf"(?<![\w@])(?:{either})", re.IGNORECASE)
        word = self.replace

        def change(text: str) -> str:
            if "." not in text and "/" not in text and "@" not in text:
                return text
            return pattern.sub(lambda found: _without_end(found, word), text)

        return change


def _without_end(found: re.Match[str], word: str) -> str:
    """The word, and the marks behind the address that belong to the sentence; a bracket it opened is its own."""
    if found["start"] is None:
        return word
    rest = found["rest"]
    end, opened = len(rest), rest.count("(") - rest.count(")")
    while end and rest[end - 1] in _TRAILING and not (rest[end - 1] == ")" and opened >= 0):
        opened += rest[end - 1] == ")"
        end -= 1
    return word + rest[end:] if end or found["domain"] else found[0]


class Mentions(Step):
    """Takes `@name`, as tweets have it; the `@` of an e-mail address is none."""

    name: ClassVar[str] = "mentions"
    summary: ClassVar[str] = "@names"

    replace: str = ""
    """The word in their place; empty: nothing."""

    def build(self) -> Change:
        """Return the function that applies this step."""
        pattern, word = re.compile(r"(?<![\w@])@\w+"), self.replace
        return lambda text: pattern.sub(lambda _: word, text) if "@" in text else text
