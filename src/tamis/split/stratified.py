"""Stratified: shares out rows so that each label has the same share everywhere, and what belongs together stays so.

The method is iterative stratification (Sechidis and others, 2011) on kinds of units instead of single rows. A unit is
what must not be torn apart: a row, near-duplicates, a group. Units that bear the same labels equally often are of one
kind; most of a kind is shared out in one go, and only the few that are left over are placed one by one, where they are
missed most. The big units come first, then the rare labels. Within a kind the rows' draws decide, so rows that come
later move few of the earlier ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tamis.split.draw import Draws, mix
from tamis.split.ledger import Bears, Ledger
from tamis.tasks import Strata

Numbers = npt.NDArray[np.int64]
Splits = npt.NDArray[np.int8]
"""For each row the number of its split in `SPLITS` or in the fractions at hand; -1 is none."""

_MOST_MOVED = 20_000  # kinds of big units that are looked at again once all are placed
_ROUNDS = 20


@dataclass(frozen=True)
class _Kinds:
    """The kinds of units, each with what one unit of it bears."""

    of_unit: npt.NDArray[np.int32]
    """Each unit's kind; -1 where none of its rows has a label."""
    members: Numbers
    rows: Numbers
    """Labelled rows in one unit."""
    codes: list[list[int]]
    counts: list[list[int]]
    hashes: Draws


def share_out(strata: Strata, draws: Draws, units: Numbers, fractions: Mapping[str, float]) -> Splits:
    """Return each row's split, as a number in the order of `fractions`; rows of one unit get the same.

    `units` numbers the units from 0. Units without a labelled row go to the first split, unless no row at all has a
    label: then all rows count as of one label.
    """
    if not len(strata.codes):
        strata = Strata.one_each(np.zeros(len(strata), dtype=np.int64))
    rows_of_unit = np.bincount(units[strata.sizes > 0], minlength=int(units.max()) + 1)
    kinds = _kinds(strata, units, rows_of_unit)
    unit_draws = np.full(len(rows_of_unit), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(unit_draws, units, draws)
    kind_draws = np.full(len(kinds.members), np.iinfo(np.uint64).max, dtype=np.uint64)
    np.minimum.at(kind_draws, kinds.of_unit[rows_of_unit > 0], unit_draws[rows_of_unit > 0])
    quotas = _quotas(kinds, kind_draws, list(fractions.values()))
    splits = _deal(kinds, unit_draws, quotas)
    _fill_empty(splits, rows_of_unit, unit_draws, len(fractions))
    return splits[units]


def _kinds(strata: Strata, units: Numbers, rows: Numbers) -> _Kinds:
    # a unit's hash is the sum of its labels' hashes, so units alike have equal ones whatever the order of their rows
    width = int(strata.codes.max()) + 1
    label_hashes = _hashes(width + 1)
    running = np.concatenate([[np.uint64(0)], np.cumsum(label_hashes[strata.codes])])
    of_row = np.diff(running[strata.offsets])
    of_row[strata.sizes > 0] += label_hashes[width]
    del running
    of_unit = np.zeros(len(rows), dtype=np.uint64)
    np.add.at(of_unit, units, of_row)
    hashes, first, kind, members = np.unique(
        of_unit[rows > 0], return_index=True, return_inverse=True, return_counts=True
    )
    numbers = np.full(len(rows), -1, dtype=np.int32)
    numbers[rows > 0] = kind
    # one unit shows what all of its kind bear
    shown = np.full(len(rows), -1, dtype=np.int32)
    first = np.flatnonzero(rows > 0)[first]
    shown[first] = np.arange(len(hashes))
    of_label = np.repeat(shown[units], strata.sizes)
    keys, counts = np.unique(
        of_label[of_label >= 0].astype(np.int64) * width + strata.codes[of_label >= 0], return_counts=True
    )
    starts = np.searchsorted(keys // width, np.arange(len(hashes) + 1)).tolist()
    codes = (keys % width).tolist()
    pieces = [slice(start, end) for start, end in pairwise(starts)]
    return _Kinds(
        of_unit=numbers,
        members=members,
        rows=rows[first],
        codes=[codes[piece] for piece in pieces],
        counts=[counts[piece].tolist() for piece in pieces],
        hashes=hashes,
    )


def _quotas(kinds: _Kinds, draws: Draws, fractions: list[float]) -> npt.NDArray[np.int64]:
    """How many units of each kind go to each split."""
    totals = _totals(kinds)
    ledger = Ledger(totals, fractions)
    bears = [
        [*zip(codes, counts, strict=True), (len(totals) - 1, rows)]
        for codes, counts, rows in zip(kinds.codes, kinds.counts, kinds.rows.tolist(), strict=True)
    ]
    rarest = [min(codes, key=lambda code: (totals[code], code)) for codes in kinds.codes]
    # big units first, in an order that the seed shuffles a little; single rows last, rare labels first
    size = np.where(kinds.rows > 1, kinds.rows * (0.75 + 0.5 * draws / 2.0**64), kinds.rows)
    order = np.lexsort((kinds.hashes, np.array([totals[code] for code in rarest]), -size))
    quotas = [[0] * len(fractions) for _ in rarest]
    for kind in order.tolist():
        units = int(kinds.members[kind])
        given = ledger.most_of(rarest[kind], units)
        for place, count in enumerate(given):
            ledger.give(bears[kind], place, count)
        for _ in range(units - sum(given)):
            place = ledger.best(bears[kind], rarest[kind])
            ledger.give(bears[kind], place)
            given[place] += 1
        quotas[kind] = given
    big = order[kinds.rows[order] > 1][:_MOST_MOVED].tolist()
    for _ in range(_ROUNDS):
        if not sum([_move(ledger, bears[kind], quotas[kind]) for kind in big]):
            break
    return np.array(quotas, dtype=np.int64)


def _move(ledger: Ledger, bears: Bears, given: list[int]) -> bool:
    """Move one unit of a kind to where it does more good; tell whether there is such a place."""
    for place in np.flatnonzero(given).tolist():
        to = ledger.better(bears, place)
        if to != place:
            ledger.give(bears, place, -1)
            ledger.give(bears, to)
            given[place] -= 1
            given[to] += 1
            return True
    return False


def _totals(kinds: _Kinds) -> list[int]:
    """The units' labels in all, and last their rows."""
    totals = [0] * (max(map(max, kinds.codes)) + 1)
    for codes, counts, members in zip(kinds.codes, kinds.counts, kinds.members.tolist(), strict=True):
        for code, count in zip(codes, counts, strict=True):
            totals[code] += count * members
    return [*totals, int((kinds.rows * kinds.members).sum())]


def _deal(kinds: _Kinds, draws: Draws, quotas: npt.NDArray[np.int64]) -> Splits:
    """Give the units of each kind to the splits, lowest draws first; those without a label to the first split."""
    order = np.lexsort((draws, kinds.of_unit))
    unlabelled = len(order) - int(kinds.members.sum())
    splits = np.zeros(len(order), dtype=np.int8)
    numbers = np.tile(np.arange(quotas.shape[1], dtype=np.int8), len(quotas))
    splits[order[unlabelled:]] = np.repeat(numbers, quotas.ravel())
    return splits


def _fill_empty(splits: Splits, rows: Numbers, draws: Draws, count: int) -> None:
    """Give each split that got nothing the smallest unit of the split with the most units."""
    for empty in range(count):
        units = np.bincount(splits[rows > 0], minlength=count)
        if units[empty] or units.max() < 2:
            continue
        candidates = np.flatnonzero((splits == units.argmax()) & (rows > 0))
        splits[candidates[np.lexsort((draws[candidates], rows[candidates]))[0]]] = empty


def _hashes(count: int) -> Draws:
    """As many hashes, always the same ones."""
    return mix(mix(np.arange(1, count + 1, dtype=np.uint64)))
