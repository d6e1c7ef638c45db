"""Lines: texts that arrive on a pipe, one a line, or as JSON lines with `text` and maybe `id`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from tamis.data import Reject

_READ_BYTES = 1 << 20


@dataclass(frozen=True)
class ArrivedLines:
    """The lines that had come when we looked."""

    ids: list[str]
    texts: list[str | None]
    rejects: list[Reject]


def arriving_lines(file: BinaryIO, *, name: str = "stdin") -> Iterator[ArrivedLines]:
    """Yield texts as soon as they are there: a line at a time from a slow writer, thousands at once from a quick one.

    When the first line is a JSON object with `text`, every line must be one. Rows without an id are named by their
    number; lines that are not UTF-8 or not JSON are rejected.
    """
    number, as_json, rest = 0, None, b""
    read = getattr(file, "read1", file.read)
    while True:
        piece = read(_READ_BYTES)
        whole, mark, last = (rest + piece).rpartition(b"\n") if piece else (rest, b"\n" if rest else b"", b"")
        rest = last
        if mark:
            arrived = ArrivedLines([], [], [])
            for line in whole.split(b"\n"):
                number += 1
                line = line.removesuffix(b"\r")
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                try:
                    text = line.decode()
                    if as_json is None and text.strip():
                        as_json = _looks_like_json(text)
                    row_id, said = _of_json(text, number) if as_json else (str(number), text)
                except UnicodeDecodeError:
                    arrived.rejects.append(Reject(source=name, row=number, reason="not UTF-8", content=repr(line[:80])))
                    continue
                except ValueError as error:
                    arrived.rejects.append(Reject(source=name, row=number, reason=str(error), content=text[:80]))
                    continue
                arrived.ids.append(row_id)
                arrived.texts.append(said)
            yield arrived
        if not piece:
            return


def _looks_like_json(line: str) -> bool:
    try:
        value = json.loads(line)
    except ValueError:
        return False
    return isinstance(value, dict) and "text" in value


def _of_json(line: str, number: int) -> tuple[str, str | None]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ValueError(f"not JSON: {error}") from None
    if not isinstance(value, dict) or "text" not in value:
        raise ValueError("no JSON object with `text`")
    text, row_id = value["text"], value.get("id")
    if text is not None and not isinstance(text, str):
        raise ValueError(f"`text` is {json.dumps(text)[:40]}, not text")
    return str(number) if row_id is None else str(row_id), text
