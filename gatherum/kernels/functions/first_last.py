"""$first and $last over columns: the chosen rows' values, kept as pieces of columns."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.columns.column import Column, missing_column
from gatherum.kernels.fields import missing_to_null
from gatherum.kernels.listing import choose_rows
from gatherum.kernels.scratch import Scratch, grown, padded
from gatherum.kernels.states.base import States
from gatherum.kernels.states.boxes import read_state_values, state_values
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.kept import KeptRows
from gatherum.kernels.states.portable import struct_of
from gatherum.types.values import INT64_MIN


class ChosenRows(CompiledStates):
    """The states of $first and $last.

    `at` is where the chosen row's value is among those kept, -1 where there is none; `best` its ordinal times `sign`.
    """

    serves = ("$first", "$last")
    how = "rows chosen in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.sign = 1 if aggregate.name == "$first" else -1
        self.best = np.empty(0, np.int64)
        self.at = np.empty(0, np.int64)
        self.kept = KeptRows()
        self.scratch = Scratch()
        self._latest = INT64_MIN
        self._known = 0

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if size > len(self.at):
            self.at, self.best = padded(self.at, size, -1), grown(self.best, size)
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        if self.sign > 0 and ordinal > self._latest and self._have_rows():
            return self
        return self._choose(slots, column, np.array([ordinal]))

    def _have_rows(self) -> bool:
        """Whether every group has a row. Of groups below `_known` that is known."""
        if self._known < self.size:
            without = np.flatnonzero(self.at[self._known:self.size] < 0)
            self._known = self._known + int(without[0]) if len(without) else self.size
        return self._known == self.size

    def _choose(self, slots: np.ndarray, column: Column, ordinals: np.ndarray) -> States:
        start = self.kept.size
        changed = self.scratch.array("changed", np.int64, len(slots) + 1)
        count = choose_rows(slots, ordinals, self.sign, self.best, self.at, start, changed)
        groups = changed[:count]
        self.at[groups] = self.kept.keep(column, self.at[groups] - start)
        self._latest = max(self._latest, int((self.best[groups] * self.sign).max(initial=self._latest)))
        if self.kept.size > 2 * self.size + 65536:
            there = self._there(np.arange(self.size))
            self.at[there] = self.kept.compact(self.at[there])
        return self

    def _there(self, groups: np.ndarray) -> np.ndarray:
        """Those of the groups that have a row."""
        return groups[self.at[groups] >= 0]

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        rows, ordinals, values = states.flatten()
        there = np.flatnonzero(rows.to_numpy(zero_copy_only=False))
        return self._choose(slots[there], read_state_values(values.take(pa.array(there))), ordinals.to_numpy()[there])

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, ChosenRows):
            return super().merge(slots, other)
        groups = other._there(np.arange(len(slots)))
        if not len(groups):
            return self
        return self._choose(slots[groups], other.kept.take(other.at[groups]), other.best[groups] * other.sign)

    def _values(self, groups: np.ndarray) -> Column:
        """The values of the chosen rows; missing where there is none."""
        at = self.at[groups]
        if len(at) and at.min() >= 0:
            return self.kept.take(at)
        kept = KeptRows()
        kept.keep(missing_column(1), np.zeros(1, np.int64))
        if self.kept.size:
            kept.keep(self.kept.column(), np.arange(self.kept.size))
        return kept.take(at + 1)

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        there = self.at[groups] >= 0
        ordinals = np.where(there, self.best[groups] * self.sign, 0)
        return struct_of(self.aggregate, [pa.array(there), pa.array(ordinals), state_values(self._values(groups))])

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        return missing_to_null(self._values(groups))

    @property
    def nbytes(self) -> int:
        """The bytes of the values kept and of the arrays."""
        return self.kept.nbytes + 16 * len(self.at) + self.scratch.nbytes
