"""Charts of words: the most frequent, those that set classes apart, and entities."""

from __future__ import annotations

from tamis.core.charts import Bar, Bars, Data, Panels, percent
from tamis.explore.essence import count
from tamis.explore.figures.palette import class_colours
from tamis.explore.profile import Profile
from tamis.explore.terms import Term

MOST_PANELS = 40


def contrast_chart(profile: Profile) -> Panels | None:
    """The words that set each class apart."""
    if profile.contrast is None:
        return None
    colour = class_colours(profile)
    entries = sorted(profile.contrast.classes, key=lambda entry: -entry.texts)
    if profile.sizes.task == "ordinal":
        entries = list(profile.contrast.classes)
    rows = [
        (entry.label, word.word, word.z, word.log_odds, word.inside, word.outside)
        for entry in entries
        for word in entry.words
    ]
    panels = [
        Bars(
            name=entry.label,
            title=entry.label,
            caption=count(entry.texts, "text"),
            bars=tuple(
                Bar(
                    label=word.word,
                    value=round(word.z, 2),
                    text=f"{word.z:.1f}",
                    note=f"in {percent(word.inside / entry.texts)}",
                    colour=colour[entry.label],
                )
                for word in entry.words
            ),
            data=Data((), ()),
        )
        for entry in entries[:MOST_PANELS]
    ]
    return Panels(
        name="telling-words",
        title="Words that set each class apart",
        panels=tuple(panels),
        caption="Bars: how surely the class uses the word more than the others do (z-score of the log-odds ratio; "
        "above 2 is hardly chance). Behind them: the share of the class's texts that hold it. These are the clues a "
        "model will take: a name, a brand or a source among them is a leak rather than a meaning.",
        data=Data(("label", "word", "z", "log_odds", "texts_inside", "texts_outside"), tuple(rows)),
    )


def entities_chart(profile: Profile) -> Panels | None:
    """The strings that each entity type marks most."""
    if profile.entities is None:
        return None
    colour = class_colours(profile)
    rows = [(entry.label, string, times) for entry in profile.entities.types for string, times in entry.strings]
    return Panels(
        name="entities",
        title="Most frequent entities of each type",
        panels=tuple(
            Bars(
                name=entry.label,
                title=entry.label,
                caption=f"{entry.times:,} marked, {entry.distinct:,} different",
                bars=tuple(
                    Bar(label=string, value=times, colour=colour[entry.label]) for string, times in entry.strings[:12]
                ),
                data=Data((), ()),
            )
            for entry in profile.entities.types[:MOST_PANELS]
        ),
        caption="A model can learn these by heart: judge it on entities that it has not seen, too.",
        data=Data(("label", "string", "times"), tuple(rows)),
    )


def term_charts(profile: Profile) -> list[Bars]:
    """The most frequent words, pairs and triples."""
    terms = profile.terms
    named = (
        ("top-words", "Words", terms.words),
        ("top-pairs", "Pairs of words", terms.pairs),
        ("top-triples", "Three words in a row", terms.triples),
    )
    return [terms_chart(name, title, found) for name, title, found in named if found]


def terms_chart(name: str, title: str, terms: tuple[Term, ...]) -> Bars:
    """Terms with how often they occur, and the share of texts that hold them."""
    return Bars(
        name=name,
        title=title,
        bars=tuple(
            Bar(label=term.term, value=term.times, note=f"in {percent(term.share)}" if term.share < 1 else "")
            for term in terms
        ),
        unit="times",
        data=Data(
            ("term", "times", "texts", "share_of_texts"),
            tuple((term.term, term.times, term.texts, term.share) for term in terms),
        ),
    )
