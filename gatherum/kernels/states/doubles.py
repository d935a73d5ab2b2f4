"""Exact totals of doubles by group."""

from __future__ import annotations

import numpy as np

from gatherum.functions.aggregates.sum import NumberTotal
from gatherum.kernels.buffers import fixed_values
from gatherum.kernels.states.additions import Additions, Values
from gatherum.kernels.states.rest import Rest
from gatherum.kernels.states.slot_words import LazyWords
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


class DoubleTotals:
    """The totals of groups, two words each, in units of 2**`unit`. What their window does not hold goes to `rest`.

    Nothing is held before there is something to add.
    """

    def __init__(self, rest: Rest) -> None:
        self.rest = rest
        self._base = 0
        self._rows = 0
        self._totals = LazyWords()

    def __bool__(self) -> bool:
        return len(self._totals) > 0

    @property
    def unit(self) -> int:
        """The exponent of the unit; 0 as long as there is none."""
        return self._base - FIRST_UNIT if self._base else 0

    def grow(self, groups: int) -> None:
        """Makes room for so many groups."""
        self._totals.grow(2 * groups)

    def add(self, additions: Additions, values: Values, chosen: np.ndarray) -> None:
        """Has doubles added, those that are `chosen`; all where that is empty."""
        if not self._base:
            self._base = window_base(_array(values) if not len(chosen) else _array(values)[chosen.view(np.bool_)])
        self._rows += len(values)
        if self._rows > WINDOW_ROWS:
            self._empty()
        additions.doubles(self._totals.held(), values, chosen, self._base,
                          lambda rows: self.rest.add_doubles(additions.slots[rows], _array(values)[rows]))

    def _empty(self) -> None:
        for group in np.flatnonzero(any_word(self._totals.array)).tolist():
            total = NumberTotal()
            total.doubles = self.total(group)
            self.rest.of(group).absorb(total)
        self._totals.array[:] = 0
        self._rows = 0

    def merge(self, slots: np.ndarray, totals: np.ndarray, unit: np.ndarray) -> None:
        """Adds totals of two words each, in units of 2**unit, to their slots'."""
        self._base = self._base or base_of_totals(totals, np.broadcast_to(unit, len(slots)))
        if not self._base:
            return
        into, failed = self._totals.held().array, np.empty(len(slots) + 1, np.int64)
        for row in failed[:merge_totals(slots, totals, unit - self.unit, into, failed)].tolist():
            total = NumberTotal()
            total.doubles = wide_integer(totals, row) << int(unit[row if len(unit) > 1 else 0]) + DOUBLE_SCALE
            self.rest.of(int(slots[row])).absorb(total)

    def of(self, groups: np.ndarray) -> np.ndarray:
        """The totals of some groups, two words each."""
        return picked(self._totals.array, groups) if self else np.zeros(2 * len(groups), np.int64)

    def total(self, group: int) -> int:
        """One group's total, in the units of `NumberTotal`."""
        return wide_integer(self._totals.array, group) << self._base - 1 if self else 0

    @property
    def nbytes(self) -> int:
        """The bytes held."""
        return self._totals.nbytes


def _array(values: Values) -> np.ndarray:
    return values if isinstance(values, np.ndarray) else fixed_values(values)
