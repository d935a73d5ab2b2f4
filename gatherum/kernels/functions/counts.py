"""$count over columns: the number of the rows themselves."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.buffers import column_of_words
from gatherum.kernels.columns.column import Column
from gatherum.kernels.states.additions import Additions
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import CountedStates, RowCounts
from gatherum.kernels.states.portable import state_type
from gatherum.kernels.states.slot_words import LazyWords
from gatherum.types.values import INT32_MAX, BsonType


class Counts(CountedStates):
    """The states of $count: `extra` are the rows that came in states."""

    serves = ("$count",)
    how = "counts of rows"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.extra = LazyWords()

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        self.extra.grow(size)
        super().grow(size)

    def add(self, additions: Additions, column: Column, ordinal: int) -> States:
        """As `States.add`."""
        return self

    def takes_repeats(self, column: Column) -> bool:
        """As `States.takes_repeats`."""
        return True

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        self.extra.add(slots, states.flatten()[0].to_numpy())
        return self

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, Counts):
            return super().merge(slots, other)
        self.merge_counts(slots, other)
        self.extra.merge(slots, other.extra)
        return self

    def _counts(self, groups: np.ndarray) -> np.ndarray:
        return self.rows.counts[groups] + self.extra.of(groups)

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        kind = state_type(self.aggregate.State)
        return pa.StructArray.from_arrays([pa.array(self._counts(groups))], fields=list(kind))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        counts = self._counts(groups)
        types = np.where(counts > INT32_MAX, np.uint8(BsonType.LONG), np.uint8(BsonType.INT))
        return column_of_words(types, counts.view(np.uint64))

    @property
    def nbytes(self) -> int:
        """The bytes of the counts."""
        return self.extra.nbytes + (self.rows.nbytes if self._owns_rows else 0)
