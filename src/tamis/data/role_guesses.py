"""Role guesses: who plays text, label, id… by the looks of names and values, each with the reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TEXT_WORDS = frozenset(
    _words(
        "text body review comment tweet content message sentence document abstract utterance question post description"
    )
)
TITLE_WORDS = frozenset(_words("title headline subject summary name heading"))
# the likelier ones first
_LABEL_WORDS = _words(
    """label labels target class y gold tag tags stars star rating overall sentiment polarity emotion intent topic
    topics category categories genre subtask toxic spam"""
)
STAR_WORDS = frozenset(_words("stars star rating overall grade"))
_ID_WORDS = frozenset(_words("id ids uuid guid key index idx"))
_GROUP_WORDS = frozenset(
    _words(
        """group user author customer reviewer session thread conversation dialog document doc module patient speaker
        source"""
    )
)
_TIME_WORDS = frozenset(_words("date time timestamp created published posted"))
_SPLIT_VALUES = frozenset(_words("train training test dev val valid validation holdout eval"))
_ANNOTATOR_WORDS = frozenset(_words("annotator rater coder worker labeler labeller"))


@dataclass(frozen=True)
class Column:
    """A column with what a guess looks at."""

    name: str
    values: pa.ChunkedArray

    @property
    def words(self) -> list[str]:
        """The words of its name: `reviewText` is review, text."""
        parts = re.sub(r"([a-z])([A-Z])", r"\1 \2", self.name)
        return [word for word in re.split(r"[^a-z]+", parts.lower()) if word]

    @property
    def present(self) -> pa.ChunkedArray:
        """Its values that are not missing."""
        return self.values.drop_null()

    @property
    def is_text(self) -> bool:
        """True for strings."""
        return bool(pa.types.is_string(self.values.type))

    @property
    def is_whole(self) -> bool:
        """True for whole numbers."""
        return bool(pa.types.is_integer(self.values.type))

    @property
    def distinct(self) -> int:
        """How many different values it has; of lists 0."""
        return int(pc.count_distinct(self.present).as_py()) if not pa.types.is_nested(self.values.type) else 0


Found = tuple[tuple[str, ...], str]
"""The columns that play a role, and why; none: nobody does."""
_NOBODY: Found = ((), "")


def _guess_text(columns: Mapping[str, Column]) -> Found:
    scores: dict[str, float] = {}
    letters: dict[str, float] = {}
    for name, column in columns.items():
        present = column.present
        if not column.is_text or not len(present):
            continue
        length = pc.mean(pc.utf8_length(present)).as_py()
        spaced = pc.mean(pc.match_substring(present, " ").cast(pa.float64())).as_py()
        words = set(column.words)
        fame = 0.5 if words & TITLE_WORDS else 4.0 if words & _TEXT_WORDS else 1.0
        repeated = column.distinct / len(present)
        letters[name] = length
        scores[name] = length * fame * (spaced + (0.02 if fame > 1 else 0)) * (0.2 + repeated)
    best = max(scores, key=lambda name: scores[name], default=None)
    if best is None or scores[best] <= 0:
        strings = [name for name, column in columns.items() if column.is_text]
        return ((strings[0],), "the only column of words") if len(columns) == 1 and strings else _NOBODY
    named = "by name and length" if set(columns[best].words) & _TEXT_WORDS else "the longest natural text"
    return (best,), f"{named}: {letters[best]:.0f} letters on average"


def _guess_label(columns: Mapping[str, Column]) -> Found:
    ranked: list[tuple[tuple[int, int, int], str, str]] = []
    for place, (name, column) in enumerate(columns.items()):
        plain = "".join(column.words)
        if pa.types.is_list(column.values.type):
            if set(column.words) & set(_LABEL_WORDS):
                ranked.append(((0, 0, place), name, "by name; it holds lists"))
            continue
        if pa.types.is_nested(column.values.type) or pa.types.is_temporal(column.values.type):
            continue
        present, distinct = len(column.present), column.distinct
        sure = column.words in (["label"], ["labels"]) and distinct == 1
        if not (sure or 2 <= distinct <= max(100, present // 50)) or (present > 20 and distinct > present / 2):
            continue
        known = [_LABEL_WORDS.index(word) for word in column.words if word in _LABEL_WORDS]
        if plain in _LABEL_WORDS:
            ranked.append(((0, _LABEL_WORDS.index(plain), place), name, f"by name; {_values(distinct)}"))
        elif known:
            ranked.append(((1, min(known), place), name, f"by name; {_values(distinct)}"))
        elif column.is_text and distinct <= 30 and present >= 5 * distinct:
            ranked.append(((2, -place, 0), name, f"the last column of few values: {distinct}"))
    if not ranked:
        return _NOBODY
    _, name, reason = min(ranked)
    others = [other for rank, other, _ in sorted(ranked) if other != name and rank[0] < 2]
    return (name,), reason + (f" (also possible: {', '.join(others[:4])})" if others else "")


def _values(count: int) -> str:
    return f"{count} distinct values" if count != 1 else "always the same value"


def _guess_id(columns: Mapping[str, Column]) -> Found:
    ranked = []
    for place, (name, column) in enumerate(columns.items()):
        if not (column.is_text or column.is_whole) or column.values.null_count or not len(column.values):
            continue
        counter = place == 0 and name == "column_1" and column.is_whole
        if not (set(column.words) & _ID_WORDS or counter) or column.distinct != len(column.values):
            continue
        if column.is_text and pc.any(pc.match_substring(column.values, " ")).as_py():
            continue
        reason = "the first column has no name and counts the rows" if counter else "by name; every value is another"
        ranked.append(((column.words != ["id"], counter, place), name, reason))
    if not ranked:
        return _NOBODY
    _, name, reason = min(ranked)
    return (name,), reason


def _guess_group(columns: Mapping[str, Column]) -> Found:
    for strict in (True, False):
        for name, column in columns.items():
            words, present = column.words, len(column.present)
            if not (column.is_text or column.is_whole) or present < 0.9 * len(column.values):
                continue
            if words == ["id"] or not 2 <= column.distinct < present:
                continue
            if "".join(words) in _GROUP_WORDS or (words[-1:] == ["id"] and (not strict or set(words) & _GROUP_WORDS)):
                return (name,), f"by name; {column.distinct} values in {present} rows"
    return _NOBODY


def _guess_time(columns: Mapping[str, Column]) -> Found:
    for name, column in columns.items():
        if pa.types.is_date(column.values.type) or pa.types.is_timestamp(column.values.type):
            return (name,), "it holds dates"
    for name, column in columns.items():
        if column.is_text and set(column.words) & _TIME_WORDS and len(column.present):
            digits = pc.mean(pc.match_substring_regex(column.present, r"\d{2}").cast(pa.float64())).as_py()
            if digits > 0.9:
                return (name,), "by name"
    return _NOBODY


def _guess_split(columns: Mapping[str, Column]) -> Found:
    for name, column in columns.items():
        if not column.is_text or not 1 <= column.distinct <= 6:
            continue
        values = {str(value).lower() for value in column.present.unique().to_pylist()}
        if values <= _SPLIT_VALUES:
            return (name,), f"its values are {', '.join(sorted(values))}"
    return _NOBODY


def _guess_weight(columns: Mapping[str, Column]) -> Found:
    for name, column in columns.items():
        numeric = column.is_whole or pa.types.is_floating(column.values.type)
        if numeric and column.words in (["weight"], ["weights"], ["sample", "weight"]):
            return (name,), "by name"
    return _NOBODY


def _guess_annotator(columns: Mapping[str, Column]) -> Found:
    for name, column in columns.items():
        if set(column.words) & _ANNOTATOR_WORDS and (column.is_text or column.is_whole):
            return (name,), "by name"
    return _NOBODY


GUESSES: dict[str, Callable[[Mapping[str, Column]], Found]] = {
    "text": _guess_text,
    "label": _guess_label,
    "id": _guess_id,
    "group": _guess_group,
    "time": _guess_time,
    "split": _guess_split,
    "weight": _guess_weight,
    "annotator": _guess_annotator,
}
"""The guess of each role. It sees the columns that no other role has taken."""
