"""How many rows each group of a table has: counted once for all aggregates that ask for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.columns.column import Column
from gatherum.kernels.states.base import States
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.slot_words import SlotWords

if TYPE_CHECKING:
    from gatherum.kernels.states.additions import Additions


class RowCounts:
    """The rows of each group that were taken in one by one. Nothing is counted before `use` has been called."""

    def __init__(self) -> None:
        self.used = False
        self._counts = SlotWords()

    def use(self) -> RowCounts:
        """Asks for the counts; only while there are no rows."""
        self.used = True
        return self

    def grow(self, size: int) -> None:
        """Adds groups without rows, up to `size` of them."""
        if self.used:
            self._counts.grow(size)

    def add(self, additions: Additions) -> None:
        """Counts the rows of a batch."""
        if self.used:
            additions.count(self._counts)

    def merge(self, slots: np.ndarray, other: RowCounts) -> None:
        """Adds the counts of another table, whose group i has slot i."""
        if self.used:
            np.add.at(self.counts, slots, other.counts[:len(slots)])

    @property
    def counts(self) -> np.ndarray:
        """The count of each group."""
        return self._counts.array

    @property
    def nbytes(self) -> int:
        """The bytes of the counts."""
        return self._counts.nbytes


class CountedStates(CompiledStates):
    """The base of layouts that need the number of each group's rows: the table's where they are of one."""

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.rows = (RowCounts() if rows is None else rows).use()
        self._owns_rows = rows is None

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if self._owns_rows:
            self.rows.grow(size)
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        from gatherum.kernels.states.additions import Additions

        additions = Additions(slots)
        if self._owns_rows:
            self.rows.add(additions)
        states = self.add(additions, column, ordinal)
        additions.run()
        return states

    def merge_counts(self, slots: np.ndarray, other: CountedStates) -> None:
        """Adds the counts of another table's states, unless the table does."""
        if self._owns_rows:
            self.rows.merge(slots, other.rows)
