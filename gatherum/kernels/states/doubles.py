"""Exact totals of doubles by group."""

from __future__ import annotations

from typing import Final

import numpy as np

from gatherum.functions.aggregates.sum import NumberTotal
from gatherum.kernels.scratch import padded
from gatherum.kernels.states.additions import Additions
from gatherum.kernels.states.rest import Rest
from gatherum.kernels.totals import merge_totals
from gatherum.kernels.wide import (
    FIRST_UNIT,
    WINDOW_ROWS,
    any_word,
    base_of_totals,
    picked,
    wide_integer,
    window_base,
)
from gatherum.types.exact import DOUBLE_SCALE

_NO_WORDS: Final = np.empty(0, np.int64)


class DoubleTotals:
    """The totals of groups, two words each, in units of 2**`unit`. What their window does not hold goes to `rest`.

    Nothing is held before there is something to add.
    """

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._base = 0
        self._rows = 0
        self._room = 0
        self._totals = _NO_WORDS

    def __bool__(self) -> bool:
        return len(self._totals) > 0

    @property
    def unit(self) -> int:
        """The exponent of the unit; 0 as long as there is none."""
        return self._base - FIRST_UNIT if self._base else 0

    def grow(self, groups: int) -> None:
        """Makes room for so many groups."""
        self._room = groups
        if self:
            self._totals = padded(self._totals, 2 * groups)

    def _hold(self) -> None:
        if not self:
            self._totals = np.zeros(2 * self._room, np.int64)

    def add(self, additions: Additions, values: np.ndarray, chosen: np.ndarray) -> None:
        """Has doubles added, those that are `chosen`; all where that is empty."""
        if not self._base:
            self._base = window_base(values if not len(chosen) else values[chosen.view(np.bool_)])
        self._hold()
        self._rows += len(values)
        if self._rows > WINDOW_ROWS:
            self._empty()
        additions.doubles(self._totals, values, chosen, self._base,
                          lambda rows: self.rest.add_doubles(additions.slots[rows], values[rows]))

    def _empty(self) -> None:
        for group in np.flatnonzero(any_word(self._totals)).tolist():
            total = NumberTotal()
            total.doubles = self.total(group)
            self.rest.of(group).absorb(total)
        self._totals[:] = 0
        self._rows = 0

    def merge(self, slots: np.ndarray, totals: np.ndarray, unit: np.ndarray) -> None:
        """Adds totals of two words each, in units of 2**unit, to their slots'."""
        self._base = self._base or base_of_totals(totals, np.broadcast_to(unit, len(slots)))
        if not self._base:
            return
        self._hold()
        failed = np.empty(len(slots) + 1, np.int64)
        for row in failed[:merge_totals(slots, totals, unit - self.unit, self._totals, failed)].tolist():
            total = NumberTotal()
            total.doubles = wide_integer(totals, row) << int(unit[row if len(unit) > 1 else 0]) + DOUBLE_SCALE
            self.rest.of(int(slots[row])).absorb(total)

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The totals of some groups, two words each."""
        return picked(self._totals, groups) if self else np.zeros(2 * len(groups), np.int64)

    def total(self, group: int) -> int:
        """One group's total, in the units of `NumberTotal`."""
        return wide_integer(self._totals, group) << self._base - 1 if self else 0

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._totals.nbytes
