"""Essence: a profile in three lines."""

from __future__ import annotations

import unicodedata

from tamis.core.charts import percent
from tamis.explore.balance import Balance
from tamis.explore.contrast import Contrast
from tamis.explore.duplicates import Repeats
from tamis.explore.lengths import Lengths
from tamis.explore.sizes import Sizes
from tamis.explore.terms import Terms


def essence_of(
    sizes: Sizes,
    balance: Balance | None,
    lengths: Lengths,
    terms: Terms,
    contrast: Contrast | None,
    repeats: Repeats,
) -> tuple[str, str, str]:
    """Return what to know first: the classes, the lengths, and the words with the repetition."""
    return _classes(sizes, balance), _lengths(lengths), f"{_words(terms, contrast)} {_repeats(sizes, repeats)}"


def _classes(sizes: Sizes, balance: Balance | None) -> str:
    start = count(sizes.rows, "row")
    if sizes.textless:
        start += f" ({sizes.textless:,} without text)"
    if balance is None:
        return f"{start}, no labels yet."
    classes = len(balance.classes)
    if classes == 1:
        return f"{start}, one class only ({quoted(balance.largest)}): there is nothing to tell apart."
    counts = {entry.label: entry for entry in balance.classes}
    if balance.ratio is None:
        empty = sum(entry.rows == 0 for entry in balance.classes)
        return f"{start} in {classes} classes, {empty} of them empty."
    largest, smallest = counts[balance.largest], counts[balance.smallest]
    if sizes.task == "spans":
        kinds = f"{quoted(largest.label)} is in {percent(largest.share)} of the rows, {quoted(smallest.label)} in"
        return f"{start} with {classes} types of entity: {kinds} {percent(smallest.share)}."
    of = "of the labelled rows" if sizes.unlabelled else "of the rows"
    ratio = f"{balance.ratio:,.0f}" if balance.ratio >= 10 else f"{balance.ratio:.1f}"
    return (
        f"{start} in {classes} classes: {quoted(largest.label)} has {percent(largest.share)} {of}, "
        f"{quoted(smallest.label)} {percent(smallest.share)}{'' if ratio == '1.0' else f' ({ratio} to 1)'}."
    )


def _lengths(lengths: Lengths) -> str:
    if not lengths.words.texts:
        return "No text has a word."
    if lengths.words.texts == 1:
        return f"The text has {count(lengths.words.total, 'word')}."
    half = f"Half of the texts have at most {count(lengths.words.percentiles[50], 'word')}"
    if lengths.suggested is None:
        return f"{half}, 95 in 100 at most {lengths.words.percentiles[95]:,}."
    limit = lengths.suggested
    return f"{half}; a limit of {limit.tokens} tokens keeps {percent(limit.whole)} of them whole."


def _words(terms: Terms, contrast: Contrast | None) -> str:
    if contrast is not None:
        best = sorted((entry for entry in contrast.classes if entry.words), key=lambda entry: -entry.words[0].z)[:3]
        if best:
            return "; ".join(f"{quoted(entry.words[0].word)} speaks for {quoted(entry.label)}" for entry in best) + "."
    if terms.words:
        return f"Most frequent: {', '.join(term.term for term in terms.words[:5])}."
    return "No words but stop words."


def _repeats(sizes: Sizes, repeats: Repeats) -> str:
    if not repeats.extra and not repeats.near_rows:
        return "No text stands there twice."
    near = ""
    if repeats.near_rows:
        among = (
            ""
            if repeats.near_looked_at + repeats.extra + sizes.textless >= sizes.rows
            else (f" of {repeats.near_looked_at:,} looked at")
        )
        near = (
            f"{count(repeats.near_rows, 'row')}{among} {'have' if repeats.near_rows > 1 else 'has'} a near-duplicate."
        )
    if not repeats.extra:
        return near[0].upper() + near[1:]
    exact = f"{count(repeats.extra, 'row')} {'repeat' if repeats.extra > 1 else 'repeats'} another's text"
    return f"{exact}{', ' + near if near else '.'}"


def count(number: int, noun: str) -> str:
    """Return a number with its noun: `1 row`, `1,452 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def quoted(name: str) -> str:
    """Return a name in quotes; one that is written from right to left must not turn the words around it."""
    turned = any(unicodedata.bidirectional(sign) in ("R", "AL") for sign in name)
    return f"'\u2068{name}\u2069'" if turned else f"'{name}'"
