"""Labels that are one label in truth: they differ by case, by space, or by a slip of the finger."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

import numpy as np
import polars as pl

from tamis.quality.context import CheckContext
from tamis.quality.finding import Finding, Fix, as_rows, counted

_BETWEEN = re.compile(r"[\s_\-]+")


def check_labels(context: CheckContext) -> Iterable[Finding]:
    """Yield the spellings to merge."""
    counts = dict(context.long_labels["label"].value_counts(name="rows").iter_rows())
    merged = spellings(counts)
    if merged:
        listed = _listed(merged, counts)
        yield _finding(
            context, "labels.spelling", merged, severity="error",
            title=f"{counted(len(merged), 'label is', 'labels are')} another one in other letters: {listed}",
            explanation="They differ only by case, spaces or dashes. A model would learn them as different classes.",
        )  # fmt: skip
    typos = slips(_after(counts, merged))
    if typos:
        listed = _listed(typos, _after(counts, merged))
        yield _finding(
            context, "labels.typo", typos, severity="warning",
            title=f"{counted(len(typos), 'rare label looks', 'rare labels look')} like a slip: {listed}",
            explanation="Each is one letter away from a common label. If that is what was meant, merge them.",
            before=merged,
        )  # fmt: skip


def spellings(counts: dict[str, int]) -> dict[str, str]:
    """Return labels that differ from a commoner one by case, space or dashes, with the one to keep.

    >>> spellings({"spam": 9, "Spam": 2, "spam ": 1, "ham": 5})
    {'Spam': 'spam', 'spam ': 'spam'}
    """
    families: dict[str, list[str]] = defaultdict(list)
    for name in counts:
        families[_BETWEEN.sub(" ", unicodedata.normalize("NFKC", name).casefold()).strip()].append(name)
    renamed: dict[str, str] = {}
    for family in families.values():
        tidy = [name for name in family if name == name.strip()]
        # the commonest tidy spelling stays; a lone "spam " loses its space
        keep = max(tidy, key=lambda name: (counts[name], name)) if tidy else max(family, key=counts.__getitem__).strip()
        renamed.update({name: keep for name in family if name != keep and keep})
    return dict(sorted(renamed.items()))


def slips(counts: dict[str, int]) -> dict[str, str]:
    """Return rare labels one edit away from a common one. Numbers, short labels and first letters are never slips.

    >>> slips({"negative": 400, "negatve": 2, "sports": 300, "spirts": 250, "1": 10, "2": 10})
    {'negatve': 'negative'}
    """
    found: dict[str, str] = {}
    for rare, rows in counts.items():
        common = [
            name
            for name, others in counts.items()
            if rows <= max(1, 0.02 * others) and others >= 5 and _one_slip(rare.casefold(), name.casefold())
        ]
        if common:
            found[rare] = max(common, key=lambda name: (counts[name], name))
    return dict(sorted(found.items()))


def _one_slip(rare: str, common: str) -> bool:
    """One letter too many, too few, wrong or swapped; in long enough words, and never in a digit or a first letter."""
    if not common or rare[:1] != common[:1] or min(len(rare), len(common)) < 4 or abs(len(rare) - len(common)) > 1:
        return False
    start = next(
        (at for at, (a, b) in enumerate(zip(rare, common, strict=False)) if a != b), min(len(rare), len(common))
    )
    one, other = rare[start:], common[start:]
    if len(one) > len(other):
        wrong, same = one[0], one[1:] == other
    elif len(one) < len(other):
        wrong, same = other[0], other[1:] == one
    else:
        swapped = len(one) > 1 and one[:2] == other[1::-1] and one[2:] == other[2:]
        replaced = min(len(rare), len(common)) >= 6 and one[1:] == other[1:] and len(one) > 0
        # `type a` and `type b` differ in a name of one letter, not by a slip
        alone = not (common[start - 1 : start].isalnum() or common[start + 1 : start + 2].isalnum())
        wrong, same = one[:1] + other[:1], swapped or (replaced and not alone)
    return bool(wrong) and same and wrong.isalpha()


def _after(counts: dict[str, int], renamed: dict[str, str]) -> dict[str, int]:
    merged: dict[str, int] = defaultdict(int)
    for name, rows in counts.items():
        merged[renamed.get(name, name)] += rows
    return dict(merged)


def _listed(renamed: dict[str, str], counts: dict[str, int]) -> str:
    pairs = [f"{old!r} ({counts[old]:,}) → {new!r}" for old, new in renamed.items()]
    return ", ".join(pairs[:6]) + (f" and {len(pairs) - 6} more" if len(pairs) > 6 else "")


def _finding(
    context: CheckContext,
    kind: str,
    renamed: dict[str, str],
    *,
    severity: str,
    title: str,
    explanation: str,
    before: dict[str, str] | None = None,
) -> Finding:
    long = context.long_labels
    if before:
        long = long.with_columns(pl.col("label").replace(before))
    rows = as_rows(long.filter(pl.col("label").is_in(list(renamed)))["row"].to_numpy())
    name = kind.replace(".", "-")
    return Finding(
        kind=kind,
        severity="error" if severity == "error" else "warning",
        title=title,
        explanation=explanation,
        rows=rows,
        share=context.share_of(rows),
        fix=Fix(
            name="labels" if kind == "labels.spelling" else name,
            what=f"rename {', '.join(f'{old!r} to {new!r}' for old, new in list(renamed.items())[:6])}"
            + (" and so on" if len(renamed) > 6 else "")
            + f" in {counted(len(rows), 'row')}",
            rename=renamed,
        ),
        details={"rename": renamed, "unlabelled": int(np.sum(context.answers.is_null().to_numpy()))},
    )
