"""Totals in Python of what kernels do not add: decimals of several exponents, doubles outside the window."""

from __future__ import annotations

import numpy as np
from bson import Decimal128

from gatherum.functions.aggregates.sum import NumberTotal
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of


class Rest:
    """Totals of some groups. Rows that are added by themselves are counted elsewhere."""

    def __init__(self) -> None:
        self._totals: dict[int, NumberTotal] = {}

    def of(self, group: int) -> NumberTotal:
        """The total of a group, to add to."""
        total = self._totals.get(group)
        if total is None:
            total = self._totals[group] = NumberTotal()
        return total

    def add_doubles(self, slots: np.ndarray, values: np.ndarray) -> None:
        """Adds doubles one by one."""
        for slot, value in zip(slots.tolist(), values.tolist(), strict=True):
            self._add(slot, value)

    def add_decimals(self, slots: np.ndarray, column: Column) -> np.ndarray:
        """Adds decimals one by one; returns which of the values are any, as bytes."""
        decimals = np.zeros(len(column), np.uint8)
        for row, (slot, value) in enumerate(zip(slots.tolist(), values_of(column), strict=True)):
            if type(value) is Decimal128:
                decimals[row] = 1
                self._add(slot, value)
        return decimals

    def _add(self, group: int, value: float | Decimal128) -> None:
        total = self.of(group)
        total.add(value)
        total.numbers -= 1

    def merge(self, slots: np.ndarray, other: Rest) -> None:
        """Adds the totals of another table's groups, whose group i has slot i."""
        for group, total in other._totals.items():
            self.of(int(slots[group])).absorb(total)

    def copy_to(self, total: NumberTotal, group: int) -> None:
        """Adds what there is of a group to a total."""
        if group in self._totals:
            total.absorb(self._totals[group])

    def holds(self, groups: np.ndarray) -> np.ndarray:
        """Which groups have a total here."""
        if not self._totals:
            return np.zeros(len(groups), np.bool_)
        return np.isin(groups, np.fromiter(self._totals, np.int64, len(self._totals)))

    @property
    def nbytes(self) -> int:
        """An estimate of the bytes held."""
        return 500 * len(self._totals)
