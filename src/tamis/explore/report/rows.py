"""The page's sections about single rows: duplicates, columns and samples."""

from __future__ import annotations

from html import escape

from tamis.core.charts import GREY, percent
from tamis.core.drawing import sparkline
from tamis.core.page import Raw, advice, quote, side_by_side, table, tiles
from tamis.explore.columns import Column
from tamis.explore.essence import count
from tamis.explore.figures import class_colours
from tamis.explore.profile import Profile
from tamis.explore.samples import Sample


def duplicates(profile: Profile) -> list[str]:
    """Return how much is repeated, with examples."""
    repeats, sizes = profile.repeats, profile.sizes
    if not repeats.extra and not repeats.near_rows:
        return [
            advice(
                f"No text stands there twice, not even nearly ({count(repeats.near_looked_at, 'text')} compared).",
                kind="good",
            )
        ]
    parts = [
        tiles(
            [
                (f"{repeats.extra:,}", f"rows repeat an earlier text ({percent(repeats.extra / max(sizes.rows, 1))})"),
                (f"{repeats.near_rows:,}", f"of {repeats.near_looked_at:,} different texts have a near-duplicate"),
                (f"{repeats.contradictions:,}", "repeated texts with different labels"),
            ]
        ),
        advice(
            "Repeats that fall into different splits make a score look better than it is: keep them together when you "
            "split, or drop them."
            + (
                " Texts with different labels are label errors, or need a task with several labels."
                if repeats.contradictions
                else ""
            ),
            kind="warn",
        ),
    ]
    if repeats.examples:
        parts.append("<h3>Texts that occur most often</h3>")
        cells = (
            quote(_flat(entry.text), who=f"{entry.rows:,} times{_labels(entry.labels)}", most=240)
            for entry in repeats.examples
        )
        parts.append(f'<div class="panels tight">{"".join(f"<div>{cell}</div>" for cell in cells)}</div>')
    if repeats.pairs:
        parts.append(f"<h3>Nearly the same ({percent(repeats.threshold)} and more in common)</h3>")
        parts += [
            side_by_side(
                quote(_flat(pair.first), who=f"{percent(pair.similarity)} alike · id {pair.first_id}", most=240),
                quote(_flat(pair.second), who=f"id {pair.second_id}", most=240),
            )
            for pair in repeats.pairs
        ]
    return parts


def _flat(text: str) -> str:
    return " ".join(text.split())


def _labels(labels: tuple[str, ...]) -> str:
    return f" · {', '.join(labels[:6])}" if any(labels) else ""


def columns(profile: Profile) -> list[str]:
    """Return every column at a glance."""
    if not profile.columns:
        return []
    rows = profile.sizes.rows or 1
    body = []
    for column in profile.columns:
        missing = f"{column.missing:,} <span class='soft'>{percent(column.missing / rows)}</span>"
        body.append(
            [
                column.name,
                column.role or "–",
                column.type.lower(),
                Raw(missing) if column.missing else "–",
                column.distinct,
                Raw(_values(column, rows)),
            ]
        )
    return [table(["column", "role", "type", "missing", "different", "values"], body)]


def _values(column: Column, rows: int) -> str:
    """Return what a column holds: a small histogram of numbers, or the most frequent values with their shares."""
    span = f'<span class="soft">{escape(f"{column.least} … {column.middle} … {column.most}")}</span>'
    if column.bins:
        return f"{sparkline(column.bins)}<br>{span}"
    if not column.common:
        return span if column.most else '<span class="soft">hardly a value occurs twice</span>'
    highest = column.common[0][1] / rows
    if highest < 0.005:
        return f'<span class="soft">no value in more than {percent(highest)}</span>'
    return " · ".join(
        f'<bdi>{escape(_brief(value))}</bdi> <span class="soft">{percent(times / rows)}</span>'
        for value, times in column.common
    )


def _brief(value: str) -> str:
    return value if len(value) <= 40 else f"{value[:38]}…"


def samples(profile: Profile) -> list[str]:
    """Return a few rows of each class."""
    colour = class_colours(profile)
    parts = []
    for entry in profile.samples:
        if entry.label:
            swatch = f'<i class="swatch" style="background:{colour[entry.label]}"></i>'
            parts.append(f"<h3>{swatch}<bdi>{escape(entry.label)}</bdi></h3>")
        elif colour:
            parts.append("<h3>Without a label</h3>")
        parts += [_sample(sample, entry.label, colour) for sample in entry.samples]
    return parts


def _sample(sample: Sample, label: str, colour: dict[str, str]) -> str:
    others = [name for name in sample.labels if name != label]
    who = " · ".join(
        [f"id {sample.id}", *([sample.split] if sample.split else []), *(f"also {name}" for name in others)]
    )
    if not sample.spans:
        return quote(sample.text, who=who, most=400)
    pieces, place = [], 0
    for span in sorted(sample.spans, key=lambda span: (span.start, span.end)):
        if span.start < place:
            continue
        tone = colour.get(span.label, GREY)
        pieces.append(escape(sample.text[place : span.start]))
        pieces.append(
            f'<mark style="background:{tone}40;box-shadow:0 2px 0 {tone}" title="{escape(span.label)}">'
            f"{escape(sample.text[span.start : span.end])}</mark>"
        )
        place = span.end
    pieces.append(escape(sample.text[place:]))
    return f'<blockquote dir="auto"><span class="who">{escape(who)}</span>{"".join(pieces)}</blockquote>'
