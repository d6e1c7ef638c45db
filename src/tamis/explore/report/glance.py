"""The page's first section: the profile in three lines and a few big numbers."""

from __future__ import annotations

from html import escape

from tamis.core.charts import percent
from tamis.core.page import advice, tiles
from tamis.explore.profile import Profile


def glance(profile: Profile) -> list[str]:
    """Return the essence and the big numbers."""
    sizes, lengths = profile.sizes, profile.lengths
    shown = [(f"{sizes.rows:,}", "rows" if sizes.rows != 1 else "row")]
    if sizes.labels:
        shown.append((f"{sizes.labels:,}", _kinds(profile)))
    shown += [(f"{rows:,}", name) for name, rows in sizes.splits.items()]
    if lengths.words.texts:
        shown.append((f"{lengths.words.percentiles[50]:,}", "words in the middle text"))
    if lengths.suggested:
        shown.append((f"{lengths.suggested.tokens}", f"tokens keep {percent(lengths.suggested.whole)} whole"))
    shown.append((f"{profile.terms.distinct:,}", "different words"))
    for number, name in (
        (sizes.textless, "rows without text"),
        (sizes.unlabelled if sizes.labels else 0, "rows without label"),
        (sizes.rejected, "rows rejected at import"),
        (profile.repeats.extra, "repeated texts"),
    ):
        if number:
            shown.append((f"{number:,}", name))
    parts = [f"<ul class='essence'>{''.join(f'<li>{escape(line)}</li>' for line in profile.essence)}</ul>"]
    parts.append(tiles(shown))
    if sizes.measured < sizes.rows:
        parts.append(
            advice(
                f"Words, lengths and near-duplicates were measured on {sizes.measured:,} of the {sizes.rows:,} rows, "
                f"chosen at random; sizes, class balance, columns and exact repeats on all."
            )
        )
    return parts


def _kinds(profile: Profile) -> str:
    if profile.entities is not None:
        return "entity types"
    return "class" if profile.sizes.labels == 1 else "classes"
