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
_MOST = np.iinfo(np.uint64).max


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


def share_out(strata: Strata, draws: Draws, units: Numbers | None, fractions: Mapping[str, float]) -> Splits:
    """Return each row's split, as a number in the order of `fractions`; rows of one unit get the same.

    `units` numbers the units from 0; None makes each row its own. Units without a labelled row go to the first split,
    unless no row at all has a label: then all rows count as of one label.
    """
    if not len(strata.codes):
        strata = Strata.one_each(np.zeros(len(strata), dtype=np.int64))
    if units is None:
        rows, unit_draws = (strata.sizes > 0).astype(np.int32), draws
    else:
        rows = np.bincount(units[strata.sizes > 0], minlength=int(units.max()) + 1).astype(np.int32)
        unit_draws = np.full(len(rows), _MOST, dtype=np.uint64)
        np.minimum.at(unit_draws, units, draws)
    kinds = _kinds(strata, units, rows)
    order = np.lexsort((unit_draws, kinds.of_unit))[len(rows) - int(kinds.members.sum()) :]  # without the unlabelled
    firsts = order[np.cumsum(kinds.members) - kinds.members]
    quotas = _quotas(kinds, unit_draws[firsts], list(fractions.values()))
    splits = np.zeros(len(rows), dtype=np.int8)
    # of each kind the lowest draws go to the first split
    splits[order] = np.repeat(np.tile(np.arange(len(fractions), dtype=np.int8), len(quotas)), quotas.ravel())
    _fill_empty(splits, rows, unit_draws, len(fractions))
    return splits if units is None else splits[units]


def _kinds(strata: Strata, units: Numbers | None, rows: npt.NDArray[np.int32]) -> _Kinds:
    hashes_of_unit = _hashes_of_units(strata, units, len(rows))
    hashes = np.unique(hashes_of_unit[rows > 0])
    of_unit = np.searchsorted(hashes, hashes_of_unit).astype(np.int32)
    of_unit[rows == 0] = -1
    del hashes_of_unit
    # one unit shows what all of its kind bear
    example = np.full(len(hashes), -1, dtype=np.int64)
    labelled = np.flatnonzero(rows)
    example[of_unit[labelled]] = labelled
    shown = np.full(len(rows), -1, dtype=np.int32)
    shown[example] = np.arange(len(hashes))
    of_label = np.repeat(shown if units is None else shown[units], strata.sizes)
    looked_at = of_label >= 0
    width = int(strata.codes.max()) + 1
    keys = of_label[looked_at].astype(np.int64) * width + strata.codes[looked_at]
    keys, counts = np.unique(keys, return_counts=True)
    starts = np.searchsorted(keys // width, np.arange(len(hashes) + 1)).tolist()
    codes, pieces = (keys % width).tolist(), [slice(start, end) for start, end in pairwise(starts)]
    return _Kinds(
        of_unit=of_unit,
        members=np.bincount(of_unit[labelled], minlength=len(hashes)),
        rows=rows[example].astype(np.int64),
        codes=[codes[piece] for piece in pieces],
        counts=[counts[piece].tolist() for piece in pieces],
        hashes=hashes,
    )


def _hashes_of_units(strata: Strata, units: Numbers | None, count: int) -> Draws:
    """The sum of its labels' hashes for each unit: units that bear the same have the same, in any order of rows."""
    label_hashes = _hashes(int(strata.codes.max()) + 2)
    running = np.concatenate([[np.uint64(0)], np.cumsum(label_hashes[strata.codes])])
    of_row = running[strata.offsets[1:]]
    of_row -= running[strata.offsets[:-1]]
    of_row[strata.sizes > 0] += label_hashes[-1]
    if units is None:
        return of_row
    of_unit = np.zeros(count, dtype=np.uint64)
    np.add.at(of_unit, units, of_row)
    return of_unit


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


def _fill_empty(splits: Splits, rows: npt.NDArray[np.int32], draws: Draws, count: int) -> None:
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
