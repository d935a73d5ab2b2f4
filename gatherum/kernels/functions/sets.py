"""$addToSet over columns: distinct pairs of group and value, kept as pieces of columns and sorted at the end."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.arrow import compute
from gatherum.kernels.buffers import fixed_values
from gatherum.kernels.coders import CompiledCoder
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.functions.collected import (
    LISTING_BYTES,
    ListedStates,
    present,
    ranked_states,
    ranked_values,
)
from gatherum.kernels.lists import list_array
from gatherum.kernels.paths import present_values
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.kept import KeptItems
from gatherum.kernels.states.representatives import Ordinals, Representatives
from gatherum.kernels.tables import PairTable
from gatherum.types.order import order_key

_SORTABLE: Final = (pa.int32(), pa.int64(), pa.float64(), pa.string(), pa.large_string(), pa.bool_(),
                    pa.timestamp("ms"), pa.null())
"""Types whose values Arrow sorts in BSON's order."""


class DistinctValues(ListedStates):
    """The states of $addToSet: the values of distinct pairs of group and value, each with its lowest ordinal."""

    serves = ("$addToSet",)
    how = "columns of distinct values"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.coder = CompiledCoder()
        self.pairs = PairTable()
        self.items = Representatives(1, compiled=True)
        self.slots = KeptItems(np.int32)

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        present = present_values(column)
        if present is None:
            return self._take_in(slots, column, ordinal)
        rows = np.flatnonzero(present)
        return self._take_in(slots[rows], column.take(rows), rows + ordinal)

    def _take_in(self, slots: np.ndarray, column: Column, ordinals: Ordinals) -> States:
        """Takes in values, of which none is missing."""
        if len(slots):
            known = self.pairs.size
            codes = self.pairs.encode(slots, self.coder.encode(column), self.size, self.coder.size)
            self.items.take_in([present(column)], codes, ordinals, self.pairs.size)
            added = np.empty(self.pairs.size - known, np.int32)
            fresh = codes >= known
            added[codes[fresh] - known] = slots[fresh]
            self.slots.keep(added)
            self.changed()
        return self

    def listing(self) -> tuple[np.ndarray, np.ndarray]:
        """As `ListedStates.listing`."""
        return self.slots.items(), self._order()

    def _order(self) -> np.ndarray:
        """All pairs in the order of their values."""
        column = self.values(np.arange(self.items.size))
        array = column.array
        if array.type not in _SORTABLE:
            keys = [order_key(value) for value in values_of(column)]
            return np.array(sorted(range(len(keys)), key=keys.__getitem__), np.int64)
        order = compute.array_sort_indices(array).to_numpy().astype(np.int64)
        nan = np.isnan(fixed_values(array)) if pa.types.is_float64(array.type) else np.zeros(0, np.bool_)
        if array.null_count and len(nan):
            nan &= array.is_valid().to_numpy(zero_copy_only=False)
        last = np.concatenate([order[len(order) - array.null_count:], np.flatnonzero(nan)])
        return np.concatenate([last, order[:len(order) - len(last)]])       # Arrow has null and NaN at the end

    def values(self, at: np.ndarray) -> Column:
        """As `ListedStates.values`."""
        return self.items.columns(at)[0] if self.items.size else Column(pa.nulls(0))

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        return self._take_in(*ranked_values(slots, states))

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, DistinctValues):
            return super().merge(slots, other)
        values = other.values(np.arange(other.items.size))
        return self._take_in(slots[other.slots.items()], values, other.items.ordinals)

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        at, offsets = self.listed(groups)
        return ranked_states(self.aggregate, offsets, self.items.ordinals[at], self.values(at))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        at, offsets = self.listed(groups)
        return Column(list_array(offsets, self.values(at), None))

    @property
    def nbytes(self) -> int:
        """The bytes of the values and of the tables."""
        return super().nbytes + sum(part.nbytes for part in (self.coder, self.pairs, self.items, self.slots))

    @property
    def nbytes_later(self) -> int:
        """As `States.nbytes_later`: the list, the values in one piece, and these listed."""
        return LISTING_BYTES * self.items.size + 2 * self.items.nbytes
