"""The table of all checks, in the order in which a reader wants their findings."""

from __future__ import annotations

from collections.abc import Callable

from tamis.core import UsageError, did_you_mean, plugins
from tamis.quality import encoding, html, lengths, pii, tokens
from tamis.quality.check import Check
from tamis.quality.classes import check_classes
from tamis.quality.columns import check_columns
from tamis.quality.contradictions import check_contradictions
from tamis.quality.duplicates import check_duplicates
from tamis.quality.ids import check_ids
from tamis.quality.imbalance import check_imbalance
from tamis.quality.labels import check_labels
from tamis.quality.language import check_language
from tamis.quality.leakage import check_leakage
from tamis.quality.split_leaks import check_split_leaks

CHECKS: tuple[Check, ...] = (
    Check(name="labels", run=check_labels, fixes=("labels", "labels-typo"),
          question="Do some labels differ only by their spelling?"),
    Check(name="classes", run=check_classes,
          question="Has each class enough rows, in each split?"),
    Check(name="imbalance", run=check_imbalance,
          question="Are the classes of very different size?"),
    Check(name="contradictions", run=check_contradictions, fixes=("contradictions",),
          question="Does one text have several labels?"),
    Check(name="leakage", run=check_leakage, fixes=("leakage", "near-leakage", "short-leakage"),
          question="Do rows to learn from copy rows to be tested on?"),
    Check(name="split_leaks", run=check_split_leaks,
          question="Does a split by group or time keep its promise?"),
    Check(name="duplicates", run=check_duplicates, fixes=("duplicates", "near-duplicates"),
          question="Are texts repeated, exactly or nearly?"),
    Check(name="ids", run=check_ids,
          question="Are ids unique, and silent about the label?"),
    Check(name="columns", run=check_columns,
          question="Does another column give the label away?"),
    Check(name="lengths", run=lengths.check_lengths, traits=lengths.traits, fixes=("empty",),
          question="Are texts empty, tiny or huge?"),
    Check(name="tokens", run=tokens.check_tokens, traits=tokens.traits,
          question="Would a backbone's limit cut texts?"),
    Check(name="encoding", run=encoding.check_encoding, traits=encoding.traits,
          fixes=("encoding", "apostrophes", "control"),
          question="Was text read in a wrong encoding?"),
    Check(name="html", run=html.check_html, traits=html.traits, fixes=("html",),
          question="Is HTML left in the texts?"),
    Check(name="language", run=check_language,
          question="Are all texts in one language?"),
    Check(name="pii", run=pii.check_pii, traits=pii.traits, fixes=("pii",),
          question="Is there personal data?"),
)  # fmt: skip


def all_checks() -> list[Check]:
    """Return the checks of the house and those of installed plug-ins, in order."""
    return [*CHECKS, *(_as_check(name, plugins.load("check", name)) for name in plugins.found("check"))]


def select_checks(*, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> list[Check]:
    """Return the checks that are wanted; an unknown name is an error that lists the known ones."""
    checks = all_checks()
    known = [check.name for check in checks]
    for name in (*only, *skip):
        if name not in known:
            raise UsageError(f"no check {name!r}. Checks: {', '.join(known)}.{did_you_mean(name, known)}")
    return [check for check in checks if (not only or check.name in only) and check.name not in skip]


def _as_check(name: str, found: Check | Callable[..., object]) -> Check:
    if isinstance(found, Check):
        return found
    question = (found.__doc__ or name).strip().splitlines()[0]
    return Check(name=name, question=question, run=found)  # type: ignore[arg-type]
