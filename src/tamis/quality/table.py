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
    Check(name="labels", question="Do some labels differ only by their spelling?", run=check_labels),
    Check(name="classes", question="Has each class enough rows, in each split?", run=check_classes),
    Check(name="imbalance", question="Are the classes of very different size?", run=check_imbalance),
    Check(name="contradictions", question="Does one text have several labels?", run=check_contradictions),
    Check(name="leakage", question="Do rows to learn from copy rows to be tested on?", run=check_leakage),
    Check(name="split_leaks", question="Does a split by group or time keep its promise?", run=check_split_leaks),
    Check(name="duplicates", question="Are texts repeated, exactly or nearly?", run=check_duplicates),
    Check(name="ids", question="Are ids unique, and silent about the label?", run=check_ids),
    Check(name="columns", question="Does another column give the label away?", run=check_columns),
    Check(name="lengths", question="Are texts empty, tiny or huge?", run=lengths.check_lengths, traits=lengths.traits),
    Check(name="tokens", question="Would a backbone's limit cut texts?", run=tokens.check_tokens, traits=tokens.traits),
    Check(name="encoding", question="Was text read in a wrong encoding?", run=encoding.check_encoding,
          traits=encoding.traits),
    Check(name="html", question="Is HTML left in the texts?", run=html.check_html, traits=html.traits),
    Check(name="language", question="Are all texts in one language?", run=check_language),
    Check(name="pii", question="Is there personal data?", run=pii.check_pii, traits=pii.traits),
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
