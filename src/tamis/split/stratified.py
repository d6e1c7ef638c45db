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

import numpy as np
import numpy.typing as npt

from tamis.split.draw import Draws
from tamis.tasks import Strata

Numbers = npt.NDArray[np.int64]
Splits = npt.NDArray[np.int8]
"""For each row the number of its split in `SPLITS` or in the fractions at hand; -1 is none."""


@dataclass(frozen=True)
class _Kinds:
    """The kinds of units, each with what one unit of it bears."""

    of_unit: Numbers
    """Each unit's kind."""
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
    rows_of_unit = np.bincount(units, weights=strata.sizes > 0).astype(np.int64)
    labelled = np.flatnonzero(rows_of_unit)
    splits = np.zeros(len(rows_of_unit), dtype=np.int8)
    if len(labelled):
        unit_draws = np.full(len(rows_of_unit), np.iinfo(np.uint64).max, dtype=np.uint64)
        np.minimum.at(unit_draws, units, draws)
        numbered = np.cumsum(rows_of_unit > 0) - 1  # labelled units alone, from 0
        kinds = _kinds(strata, numbered[units], rows_of_unit[labelled])
        quotas = _quotas(kinds, list(fractions.values()))
        splits[labelled] = _deal(kinds, unit_draws[labelled], quotas)
        _fill_empty(splits, rows_of_unit, unit_draws, len(fractions))
    return splits[units]


def _kinds(strata: Strata, units: Numbers, rows: Numbers) -> _Kinds:
    width = int(strata.codes.max()) + 1
    keys, counts = np.unique(np.repeat(units, strata.sizes) * width + strata.codes, return_counts=True)
    owner, code = np.divmod(keys, width)
    hashes = _hash(code.astype(np.uint64), counts.astype(np.uint64))
    starts = np.searchsorted(owner, np.arange(len(rows) + 1))
    running = np.concatenate([[np.uint64(0)], np.cumsum(hashes)])
    whole = _hash(running[starts[1:]] - running[starts[:-1]], rows.astype(np.uint64))
    names, first, of_unit, members = np.unique(whole, return_index=True, return_inverse=True, return_counts=True)
    pieces = [slice(start, end) for start, end in zip(starts[first].tolist(), starts[first + 1].tolist(), strict=True)]
    return _Kinds(
        of_unit=of_unit,
        members=members,
        rows=rows[first],
        codes=[code[piece].tolist() for piece in pieces],
        counts=[counts[piece].tolist() for piece in pieces],
        hashes=names,
    )


def _quotas(kinds: _Kinds, fractions: list[float]) -> npt.NDArray[np.int64]:
    """How many units of each kind go to each split."""
    width = max(map(max, kinds.codes)) + 2
    total = np.zeros(width, dtype=np.int64)
    for codes, counts, members in zip(kinds.codes, kinds.counts, kinds.members.tolist(), strict=True):
        for code, count in zip(codes, counts, strict=True):
            total[code] += count * members
    total[-1] = int((kinds.rows * kinds.members).sum())  # the last place stands for rows of any label
    wanted: list[list[float]] = [[amount * fraction for fraction in fractions] for amount in total.tolist()]
    weight = [[1 / max(amount, 1e-9) for amount in row] for row in wanted]
    rarest = [min(total[code] for code in codes) for codes in kinds.codes]
    quotas = np.zeros((len(kinds.members), len(fractions)), dtype=np.int64)
    places = range(len(fractions))
    for kind in np.lexsort((kinds.hashes, rarest, -kinds.rows)).tolist():
        bears = list(zip(kinds.codes[kind], kinds.counts[kind], strict=True))
        leader = min(kinds.codes[kind], key=lambda code: (total[code], code))
        bears.append((width - 1, int(kinds.rows[kind])))
        members = int(kinds.members[kind])
        missed = [max(amount, 0.0) for amount in wanted[leader]]
        scale = members / sum(missed) if sum(missed) > 0 else 0.0
        given = [int(amount * scale + 1e-9) for amount in missed]
        for place in places:
            for code, count in bears:
                wanted[code][place] -= count * given[place]
        for _ in range(members - sum(given)):
            # where it lowers the squared distance from what is wanted, relative to what is wanted, the most
            gains = [
                sum(count * (2 * wanted[code][place] - count) * weight[code][place] for code, count in bears)
                for place in places
            ]
            place = max(places, key=gains.__getitem__)
            given[place] += 1
            for code, count in bears:
                wanted[code][place] -= count
        quotas[kind] = given
    return quotas


def _deal(kinds: _Kinds, draws: Draws, quotas: npt.NDArray[np.int64]) -> Splits:
    """Give the units of each kind to the splits, lowest draws first."""
    order = np.lexsort((draws, kinds.of_unit))
    dealt = np.repeat(np.tile(np.arange(quotas.shape[1], dtype=np.int8), len(quotas)), quotas.ravel())
    splits = np.empty(len(order), dtype=np.int8)
    splits[order] = dealt
    return splits


def _fill_empty(splits: Splits, rows: Numbers, draws: Draws, count: int) -> None:
    """Give each split that got nothing the smallest unit of the split with the most units."""
    for empty in range(count):
        units = np.bincount(splits[rows > 0], minlength=count)
        if units[empty] or units.max() < 2:
            continue
        candidates = np.flatnonzero((splits == units.argmax()) & (rows > 0))
        splits[candidates[np.lexsort((draws[candidates], rows[candidates]))[0]]] = empty


def _hash(one: Draws, other: Draws) -> Draws:
    mixed = (one + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15) + (other + np.uint64(1)) * np.uint64(
        0xC2B2AE3D27D4EB4F
    )
    mixed = (mixed ^ (mixed >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    spread: Draws = mixed ^ (mixed >> np.uint64(32))
    return spread
