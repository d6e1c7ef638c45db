"""The page of a comparison: the verdict, every measure, every label and slice, and the rows that changed."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tamis.core import Page, page
from tamis.core.charts import percent
from tamis.evaluate.compare.compare import label_text
from tamis.evaluate.compare.result import Changed, Comparison, Difference, PartDifference, in_words, p_in_words
from tamis.evaluate.interval_bar import interval_bar
from tamis.tasks import LOWER_IS_BETTER

_MOST_PAIRS = 15
_OWN_SCALE = frozenset({"log_loss", "mae"})  # these are no shares of 1
_KIND = {"second": "good", "first": "bad", "neither": "note"}


def comparison_page(found: Comparison, *, shown: int = 30) -> Page:
    """Return the page, with at most `shown` rows gained and as many lost."""
    whole = Page(f"{found.second} against {found.first}", lead=f"{found.rows:,} rows of {found.data}")
    main = found.main
    whole.section(
        "Verdict",
        page.advice(
            _sentence(found.verdict), kind={"second": "good", "first": "warn", "neither": "note"}[found.better]
        ),
        page.tiles(
            [
                (f"{main.by.value:+.3f}", f"{in_words(main.measure)}, {main.first:.3f} → {main.second:.3f}"),
                (
                    f"{main.by.low:+.3f} to {main.by.high:+.3f}",
                    f"the {found.confidence:.0%} interval of that",
                ),
                (p_in_words(found.p), "p, answers swapped by chance"),
                (f"{found.mcnemar.gained:,} to {found.mcnemar.lost:,}", "rows gained, rows lost"),
                (p_in_words(found.mcnemar.p), "p, McNemar"),
            ]
        ),
        *(page.advice(_sentence(note), kind="warn") for note in found.notes),
    )
    whole.section(
        "Measures",
        _measures(found),
        intro=f"Differences are {found.second} less {found.first}, with intervals from {found.resamples:,} draws of "
        f"{found.units:,} {found.by}, the same draws for both. The tick is no difference.",
    )
    if found.labels:
        whole.section(
            "Labels",
            _parts(found, found.labels, "label"),
            intro="The F1 of each label; gained and lost are rows that bear it.",
        )
    if found.slices:
        whole.section(
            "Slices",
            _parts(found, found.slices, "slice"),
            intro=f"The {in_words(main.measure)} on parts of the rows. The p-value is McNemar's, made larger for as "
            "many parts as were looked at.",
        )
    if found.answers:
        whole.section("Other answers", _answers(found), intro=f"{found.same:,} rows get the same answer from both.")
    for gained, heading in ((True, "Rows gained"), (False, "Rows lost")):
        rows = [row for row in found.changed if row.gained is gained]
        if rows:
            winner, loser = (found.second, found.first) if gained else (found.first, found.second)
            more = f"<p>and {len(rows) - shown:,} more</p>" if len(rows) > shown else ""
            whole.section(
                heading,
                *map(_row, rows[:shown]),
                more,
                intro=f"{winner} is right and {loser} wrong: {len(rows):,} rows.",
            )
    return whole


def _measures(found: Comparison) -> str:
    widest = _widest([one for one in found.distinct if one.measure not in _OWN_SCALE])
    rows = [
        (
            page.Raw(f"<b>{escape(in_words(one.measure))}</b>" if one.measure == found.main.measure else _name(one)),
            f"{one.first:.3f}",
            f"{one.second:.3f}",
            *_drawn(one, _widest([one]) if one.measure in _OWN_SCALE else widest),
        )
        for one in found.distinct
    ]
    return page.table(["measure", found.first, found.second, "difference", "", "interval"], rows)


def _parts(found: Comparison, parts: Sequence[PartDifference], what: str) -> str:
    widest = _widest([part.difference for part in parts])
    rows = [
        (
            part.name if what == "label" else f"{part.by}: {part.name}",
            part.rows,
            f"{part.difference.first:.3f}",
            f"{part.difference.second:.3f}",
            *_drawn(part.difference, widest),
            page.Raw(f'<span style="white-space:nowrap">+{part.mcnemar.gained:,} −{part.mcnemar.lost:,}</span>'),
            p_in_words(part.p),
        )
        for part in parts
    ]
    headers = [what, "rows", found.first, found.second, "difference", "", "interval", "gained, lost", "p"]
    return page.table(headers, rows)


def _drawn(one: Difference, widest: float) -> tuple[page.Raw, page.Raw, page.Raw]:
    kind = _KIND[one.better]
    bar = interval_bar(one.by.value, one.by.low, one.by.high, left=-widest, right=widest, mark=0, kind=kind)
    value = f'<b style="color:var(--{kind})">' if kind != "note" else "<b>"
    interval = f'<span class="soft" style="white-space:nowrap">{one.by.low:+.3f} to {one.by.high:+.3f}</span>'
    return page.Raw(f"{value}{one.by.value:+.3f}</b>"), bar, page.Raw(interval)


def _name(one: Difference) -> str:
    less = ' <span class="soft">less is better</span>' if one.measure in LOWER_IS_BETTER else ""
    return escape(in_words(one.measure)) + less


def _widest(found: Sequence[Difference]) -> float:
    return max((abs(end) for one in found for end in (one.by.low, one.by.high) if end == end), default=0.0) or 1.0


def _answers(found: Comparison) -> str:
    pairs = list(found.answers.items())
    rows = [(one, other, count, percent(count / found.rows)) for (one, other), count in pairs[:_MOST_PAIRS]]
    more = f"<p>and {len(pairs) - _MOST_PAIRS:,} rarer pairs</p>" if len(pairs) > _MOST_PAIRS else ""
    return page.table([f"{found.first} said", f"{found.second} says", "rows", "share"], rows) + more


def _row(row: Changed) -> str:
    right, wrong = "var(--good)", "var(--bad)"
    first, second = (wrong, right) if row.gained else (right, wrong)
    said = (
        f'<b style="color:{first}">{escape(label_text(row.first))}</b> → '
        f'<b style="color:{second}">{escape(label_text(row.second))}</b>'
    )
    moved = f'<span class="soft"> · truth {escape(label_text(row.truth))} {row.moved:+.2f} · id {escape(row.id)}</span>'
    return f'<p style="margin:16px 0 0;color:var(--ink)">{said}{moved}</p>{page.quote(row.text)}'


def _sentence(text: str) -> str:
    whole = text if text.endswith(".") else f"{text}."
    return f"N{whole[1:]}" if whole.startswith("no ") else whole  # a model's name keeps its letters
