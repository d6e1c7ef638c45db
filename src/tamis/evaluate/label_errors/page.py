"""The page of label errors: how many, which for which, and the rows to review."""

from __future__ import annotations

from html import escape

from tamis.core import Page, page
from tamis.core.charts import PALETTE, Bar, Bars, Data, percent
from tamis.core.drawing import draw
from tamis.evaluate.interval_bar import interval_bar
from tamis.evaluate.label_errors.result import LabelErrors, Suspect, label_in_words

_MOST_PAIRS = 15


def label_errors_page(found: LabelErrors, *, shown: int = 100) -> Page:
    """Return the page, with the surest `shown` rows to review."""
    share = len(found.suspects) / found.rows
    whole = Page(
        f"Labels of {found.dataset} in doubt",
        lead=f"{len(found.suspects):,} of {found.rows:,} labels ({percent(share)}) look wrong to models that did not "
        "see them",
    )
    whole.section(
        "At a glance",
        page.tiles(
            [
                (f"{len(found.suspects):,}", "rows to review"),
                (percent(share), "of the labelled rows"),
                (percent(found.agreement), "of the labels the judges agree with"),
                (str(found.folds), "folds"),
                (found.judge, "the judge"),
            ]
        ),
        *(page.advice(note, kind="warn") for note in found.notes),
        page.advice(
            "A label in doubt is not a wrong label: look at each row before you change it. Hard rows, and rows "
            "that are like no others, are doubted too."
        ),
    )
    whole.section(
        "By split",
        _splits(found),
        intro="Errors in train make a model worse; errors in test make its score wrong. The range is what the score "
        "could become: from where it is if every label in doubt stays, to where it would be if each was mended as "
        "suggested and the judge was right.",
    )
    if found.pairs:
        whole.section("Which for which", _pairs(found), intro="Labels that are often given for one another.")
    if found.suspects:
        more = len(found.suspects) - shown
        whole.section(
            "Rows to review",
            *(_row(suspect) for suspect in found.suspects[:shown]),
            f"<p>and {more:,} more: write them with --output</p>" if more > 0 else "",
            intro="The surest first.",
        )
    return whole


def _splits(found: LabelErrors) -> str:
    rows = [
        (
            split.split,
            split.rows,
            split.suspects,
            percent(split.suspects / split.rows),
            split.judge,
            percent(split.score),
            interval_bar(split.score, split.lowest, split.highest, left=0, right=1),
            f"{percent(split.lowest)} to {percent(split.highest)}",
        )
        for split in found.splits
    ]
    return page.table(["split", "rows", "in doubt", "share", "judge", "agrees now", "0 to 100 %", "range"], rows)


def _pairs(found: LabelErrors) -> str:
    pairs = [(label_in_words(one), label_in_words(other), count) for one, other, count in found.pairs[:_MOST_PAIRS]]
    bars = tuple(Bar(label=f"{one} → {other}", value=count, colour=PALETTE[1]) for one, other, count in pairs)
    data = Data(("given", "suggested", "rows"), tuple(pairs))
    chart = Bars(name="label-pairs", title="given → suggested", bars=bars, data=data, unit="rows")
    rest = len(found.pairs) - len(pairs)
    return draw(chart) + (f"<p>and {rest:,} rarer pairs</p>" if rest > 0 else "")


def _row(suspect: Suspect) -> str:
    given, suggested = escape(label_in_words(suspect.given)), escape(label_in_words(suspect.suggested))
    label = (
        f'<b style="color:var(--bad)">{given}</b> ({suspect.probability_given:.2f}) → '
        f'<b style="color:var(--good)">{suggested}</b> ({suspect.probability_suggested:.2f})'
    )
    where = f'<span class="soft"> · {escape(suspect.split)}, row {suspect.row:,}, id {escape(suspect.id)}</span>'
    return f'<p style="margin:16px 0 0;color:var(--ink)">{label}{where}</p>{page.quote(suspect.text)}'
