"""JSON elements: the objects inside one JSON document, one at a time, in flat memory."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import cast

from tamis.core import DataError, did_you_mean
from tamis.data.sources.encoding import utf8_stream
from tamis.data.sources.lines import encoding_of
from tamis.data.sources.location import Input

_CHUNK_LETTERS = 1 << 20
_SPACE = " \t\n\r"
_WORDS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_LONGEST_WORD = 12


class JsonText:
    """A JSON document that is read from front to back; it holds one value at a time."""

    def __init__(self, each: Input) -> None:
        self._name = each.uri
        stream = each.open()
        self.stream = stream
        text = utf8_stream(stream, encoding_of(stream, each.uri, asked=None), name=each.uri)
        self._file = io.TextIOWrapper(cast(io.BufferedReader, text), "utf-8", newline="")
        self._decoder = json.JSONDecoder()
        self._text, self._at, self._ended = "", 0, False
        self._line = 1  # the line of the first letter of `_text`

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def peek(self) -> str:
        """Return the next letter that is no space, or nothing at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def take(self, letter: str) -> bool:
        """Step over `letter` if it comes next."""
        if self.peek() != letter:
            return False
        self._at += 1
        return True

    def expect(self, letters: str) -> str:
        """Step over one of `letters`, which has to come next."""
        found = self.peek()
        if not found:
            raise self._ends_early()
        if found not in letters:
            raise self._broken(f"expected {' or '.join(letters)}, found {found!r}")
        self._at += 1
        return found

    def expect_end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise self._broken(f"expected nothing more, found {self.peek()!r}")

    def value(self) -> tuple[object, str]:
        """Return the next value, parsed and as it stands."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # more text may complete what seems broken only at its end
                rest, ahead = self._text[error.pos :].rstrip(), error.pos - self._at
                unclosed = error.msg.startswith("Unterminated string") or any(word.startswith(rest) for word in _WORDS)
                if (unclosed or len(rest) < _LONGEST_WORD) and self._more():
                    continue
                if unclosed:
                    raise self._ends_early() from None
                self._at += ahead
                raise self._broken(f"{error.msg[0].lower()}{error.msg[1:]}") from None
            if end == len(self._text) and self._more():  # a number may go on
                continue
            raw = self._text[self._at : end]
            self._at = end
            return value, raw

    def elements(self) -> Iterator[tuple[object, str]]:
        """Yield the elements of the array that comes next."""
        self.expect("[")
        if self.take("]"):
            return
        while True:
            yield self.value()
            if self.expect(",]") == "]":
                return

    def entries(self) -> Iterator[str]:
        """Yield the keys of the object that comes next; its value has to be read before the next one."""
        self.expect("{")
        if self.take("}"):
            return
        while True:
            if self.peek() not in ('"', ""):
                raise self._broken(f"expected a key in double quotes, found {self.peek()!r}")
            key, _ = self.value()
            self.expect(":")
            yield str(key)
            if self.expect(",}") == "}":
                return

    def _more(self) -> bool:
        if self._ended:
            return False
        try:
            # twice as much each time, so that a huge value is not parsed again and again
            data = self._file.read(max(_CHUNK_LETTERS, len(self._text) - self._at))
        except UnicodeDecodeError as error:
            raise DataError(
                f"{self._name} is not UTF-8: {error.reason}", hint="JSON is always UTF-8; convert the file"
            ) from None
        self._ended = not data
        self._line += self._text.count("\n", 0, self._at)
        self._text, self._at = self._text[self._at :] + data, 0
        return bool(data)

    def _ends_early(self) -> DataError:
        return DataError(f"{self._name} ends too early: its JSON is not closed", hint="download or copy it again")

    def _broken(self, reason: str) -> DataError:
        line = self._line + self._text.count("\n", 0, self._at)
        return DataError(
            f"{self._name}, line {line}: broken JSON: {reason}",
            hint="a .jsonl file (one object a line) loses only its broken lines",
        )


def records(each: Input, path: str | None) -> Iterator[tuple[object, str, int]]:
    """Yield each record of a document, parsed, as it stands, and the packed bytes read so far.

    The records are the elements of the array at `path` (`data.items`); without a path, those of the outermost array,
    or of the one array of objects that the outermost object holds. Several values one after the other, and an object
    without such an array, are records themselves.
    """
    text = JsonText(each)
    try:
        if path is None and text.peek() == "{":
            path = _only_array(each)
        if not text.peek():
            return
        if path is None and text.peek() != "[":
            first, raw = text.value()
            if isinstance(first, dict) and not text.peek():
                _check_not_columns(first, each.uri)
            yield first, raw, text.stream.consumed
            while text.peek():
                yield *text.value(), text.stream.consumed
            return
        for key in [key for key in (path or "").split(".") if key]:
            _step_into(text, key, path or "", each.uri)
        if text.peek() != "[":
            raise DataError(
                f"{each.uri}: {path!r} is not a list", hint="--records names the list of records, as in data.items"
            )
        for value, raw in text.elements():
            yield value, raw, text.stream.consumed
        if path is None:
            text.expect_end()
    finally:
        text.close()


def _step_into(text: JsonText, wanted: str, path: str, name: str) -> None:
    known = []
    if text.peek() != "{":
        raise DataError(f"{name}: no {path!r}: there is no object to look for {wanted!r} in")
    for key in text.entries():
        if key == wanted:
            return
        known.append(key)
        _skip(text)
    raise DataError(
        f"{name}: no key {wanted!r} on the way to {path!r}. Keys there: {', '.join(known[:20])}."
        f"{did_you_mean(wanted, known)}"
    )


def _skip(text: JsonText) -> int:
    """Read over a value; of an array return how many objects stand in it."""
    if text.peek() != "[":
        text.value()
        return 0
    return sum(isinstance(value, dict) for value, _ in text.elements())


def _only_array(each: Input) -> str | None:
    """The key of the one array of objects in a document that is one object."""
    text = JsonText(each)
    try:
        found = [key for key in text.entries() if _skip(text)]
        if text.peek():  # another value follows: these are records, not one document
            return None
    finally:
        text.close()
    if len(found) > 1:
        raise DataError(
            f"{each.uri} holds several lists of records: {', '.join(found)}", hint=f"name one: --records {found[0]}"
        )
    return found[0] if found else None


def _check_not_columns(record: dict[str, object], name: str) -> None:
    """Refuse a document that holds columns instead of records, as pandas writes it by default."""
    values = [value.keys() if isinstance(value, dict) else None for value in record.values()]
    if len(values) > 1 and values[0] and values.count(values[0]) == len(values):
        raise DataError(
            f"{name} holds columns, not records: {', '.join(list(record)[:5])}",
            hint="write it by records, as in pandas: frame.to_json(path, orient='records', lines=True)",
        )
