"""Template: a text with places for words of lists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from string import Formatter

_NUMBER = re.compile(r"\d+$")


def slots(template: str, lists: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Return the places of a template and the list that fills each; `{name1}` and `{name2}` take two of `name`.

    >>> slots("{name1} saw {name2} in a {film}", {"name": ["Ann", "Bo"], "film": ["film"]})
    {'name1': 'name', 'name2': 'name', 'film': 'film'}
    """
    found: dict[str, str] = {}
    for _, slot, form, conversion in Formatter().parse(template):
        if slot is None:
            continue
        if not slot or form or conversion:
            raise ValueError("a place is a list's name in braces; braces that are text are written twice")
        found[slot] = slot if slot in lists else _NUMBER.sub("", slot)
    return found


def fill(template: str, lists: Mapping[str, Sequence[str]], *, most: int, random: Random) -> list[str]:
    """Return the texts that a template makes, in order; of more than `most` so many, drawn at random.

    >>> fill("a {tone} {thing}", {"tone": ["fine", "dull"], "thing": ["film"]}, most=9, random=Random(0))
    ['a fine film', 'a dull film']
    """
    used = slots(template, lists)
    sizes = [len(lists[name]) for name in used.values()]
    total = 1
    for size in sizes:
        total *= size
    tries = range(total) if total <= max(4 * most, 1000) else _drawn(total, 4 * most, random)
    texts: list[str] = []
    for number in tries:
        words: dict[str, str] = {}
        for (slot, name), size in zip(used.items(), sizes, strict=True):
            number, place = divmod(number, size)
            words[slot] = lists[name][place]
        if _twice(used, words):
            continue
        texts.append(template.format_map(words))
    texts = list(dict.fromkeys(texts))
    return texts if len(texts) <= most else [texts[place] for place in sorted(random.sample(range(len(texts)), most))]


def _drawn(total: int, count: int, random: Random) -> list[int]:
    """Some numbers below `total`, each once; `total` may be larger than any list."""
    drawn: dict[int, None] = {}
    while len(drawn) < count:
        drawn[random.randrange(total)] = None
    return list(drawn)


def _twice(used: Mapping[str, str], words: Mapping[str, str]) -> bool:
    """Whether two places of one list hold the same word."""
    filled = [(name, words[slot]) for slot, name in used.items()]
    return len(set(filled)) < len(filled)
