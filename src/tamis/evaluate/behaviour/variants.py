"""Variants: a text with one change each."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from random import Random
from typing import NamedTuple

from tamis.evaluate.behaviour.perturbations import PERTURBATIONS
from tamis.evaluate.behaviour.suite import Change


class Variant(NamedTuple):
    """A changed text, and what was done to it."""

    change: str
    text: str


def variants(text: str, change: Change, lists: Mapping[str, Sequence[str]], *, seed: int) -> list[Variant]:
    """Return what each change makes of a text, without those that find nothing to change.

    What chance does to a text depends on the seed and the text, not on the texts beside it.

    >>> variants("A fine film", Change(perturb=("lower", "negate"), append="I mean it."), {}, seed=0)
    [Variant(change='lower', text='a fine film'), Variant(change='append', text='A fine film I mean it.')]
    """
    made = [Variant(name, PERTURBATIONS[name](text, _chance(seed, name, text))) for name in change.perturb]
    made += [Variant(f"swap {name}", _swapped(text, lists[name], _chance(seed, name, text))) for name in change.swap]
    made += [Variant("append", f"{text.rstrip()} {words}") for words in change.append]
    made += [Variant("prepend", f"{words} {text.lstrip()}") for words in change.prepend]
    made += [
        Variant(f"replace {old}", _whole_word(old).sub(lambda _, new=new: new, text))  # type: ignore[misc]
        for old, new in change.replace.items()
    ]
    return [variant for variant in made if variant.text != text]


def _swapped(text: str, words: Sequence[str], random: Random) -> str:
    """The text with each word of the list replaced by another of it, the same by the same everywhere."""
    chosen: dict[str, str] = {}

    def other(match: re.Match[str]) -> str:
        if match[0] not in chosen:
            chosen[match[0]] = random.choice([word for word in words if word != match[0]])
        return chosen[match[0]]

    longest_first = sorted(words, key=len, reverse=True)
    return re.sub(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)", other, text)


def _whole_word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)")


def _chance(seed: int, name: str, text: str) -> Random:
    return Random(zlib.crc32(f"{seed}/{name}/{text}".encode(errors="surrogatepass")))
