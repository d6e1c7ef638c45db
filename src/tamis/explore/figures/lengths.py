"""Charts of the lengths: histograms, what limits keep, and each class's middle."""

from __future__ import annotations

from tamis.core.charts import PALETTE, Bar, Bars, Columns, Data, Mark, Series, percent
from tamis.explore.essence import count
from tamis.explore.figures.classes import MOST_BARS
from tamis.explore.figures.palette import class_colours
from tamis.explore.lengths import Measure
from tamis.explore.profile import Profile


def tokens_chart(profile: Profile) -> Columns | None:
    """Histogram of lengths in tokens, with the suggested limit."""
    measure, limit = profile.lengths.tokens, profile.lengths.suggested
    if measure is None or limit is None:
        return None
    marks = sorted(
        [
            (measure.percentiles[50], f"half: up to {measure.percentiles[50]:,}"),
            (limit.tokens, f"limit {limit.tokens}: {percent(limit.whole)} whole"),
        ]
    )
    return _histogram("lengths-tokens", f"Tokens in a text ({profile.lengths.tokenizer})", measure, marks)


def words_chart(profile: Profile) -> Columns | None:
    """Histogram of lengths in words."""
    measure = profile.lengths.words
    marks = [(measure.percentiles[50], f"half: up to {measure.percentiles[50]:,}")]
    marks.append((measure.percentiles[95], f"95 in 100: up to {measure.percentiles[95]:,}"))
    return _histogram("lengths-words", "Words in a text", measure, marks)


def _histogram(name: str, title: str, measure: Measure, marks: list[tuple[int, str]]) -> Columns | None:
    if measure.shortest == measure.longest:  # one column would show nothing
        return None
    first, width = measure.edges[0], (measure.edges[1] - measure.edges[0] if len(measure.edges) > 1 else 1)
    span = width * len(measure.edges)
    last = measure.edges[-1]
    places = [f"{edge}" if width == 1 else f"{edge}–{edge + width - 1}" for edge in measure.edges]
    places[-1] = f"{last} and more"
    every = next(step * 10**power for power in range(9) for step in (1, 2, 5) if span / (step * 10**power) <= 8)
    ticks = [
        Mark((value - first + 0.5 * (width == 1)) / span, f"{value:,}")
        for value in range(-(-first // every) * every, last + 1, every)
    ]
    beyond = measure.counts[-1]
    return Columns(
        name=name,
        title=title,
        places=tuple(places),
        series=(Series(name="texts", values=tuple(float(value) for value in measure.counts)),),
        ticks=tuple(ticks),
        marks=tuple(
            Mark((min(value, last + width) - first + 0.5 * (width == 1)) / span, words) for value, words in marks
        ),
        unit="texts",
        caption=f"The last column gathers {count(beyond, 'text')} of {last:,} and more; the longest has "
        f"{measure.longest:,}."
        if measure.longest >= last + width
        else "",
        data=Data(
            (f"{measure.unit}_from", f"{measure.unit}_to", "texts"),
            tuple(
                (edge, measure.longest if place == len(places) - 1 else edge + width - 1, times)
                for place, (edge, times) in enumerate(zip(measure.edges, measure.counts, strict=True))
            ),
        ),
    )


def limits_chart(profile: Profile) -> Bars | None:
    """What each limit on tokens keeps."""
    lengths = profile.lengths
    chosen = lengths.suggested
    if chosen is None:
        return None
    if chosen.whole == 1:
        advice = f"{chosen.tokens} tokens keep every text whole."
    else:
        kept = f"{percent(chosen.whole)} of the texts whole and {percent(chosen.kept)} of all tokens"
        advice = f"{chosen.tokens} tokens keep {kept}."
    return Bars(
        name="length-limits",
        title="Texts that a limit on tokens leaves whole",
        bars=tuple(
            Bar(
                label=f"{limit.tokens} tokens",
                value=round(limit.whole * 100, 2),
                text=f"{limit.whole * 100:.1f} %" if 0 < limit.whole < 0.9995 else percent(limit.whole),
                note="suggested" if limit == chosen else "",
                colour=PALETTE[2] if limit == chosen else PALETTE[0],
            )
            for limit in lengths.limits
        ),
        unit="% of texts",
        caption=f"{advice} A shorter limit trains and answers faster; what lies beyond it is cut off.",
        data=Data(
            ("limit_tokens", "texts_whole", "tokens_kept"),
            tuple((limit.tokens, limit.whole, limit.kept) for limit in lengths.limits),
        ),
    )


def class_lengths_chart(profile: Profile) -> Bars | None:
    """Median length of each class."""
    classes = profile.lengths.classes
    if len(classes) < 2:
        return None
    colour = class_colours(profile)
    shown = classes[:MOST_BARS]
    medians = [entry.median for entry in classes if entry.texts >= 20] or [0]
    told = max(medians) > 1.5 * max(min(medians), 1)
    return Bars(
        name="lengths-by-class",
        title="Words in the middle text of each class",
        bars=tuple(
            Bar(
                label=entry.label,
                value=entry.median,
                note=f"most {entry.low:,}–{entry.high:,}",
                colour=colour[entry.label],
            )
            for entry in shown
        ),
        unit="words",
        caption="Behind each median the span of the middle 80 in 100 texts. "
        + (
            "The classes differ in length: check that a model does not get by on length alone."
            if told
            else "The classes are of similar length, so length hardly gives a label away."
        ),
        data=Data(
            ("label", "words_p10", "words_median", "words_p90"),
            tuple((entry.label, entry.low, entry.median, entry.high) for entry in classes),
        ),
    )
