"""$push and $concatArrays over columns: the values of all rows, kept as pieces of columns and listed at the end."""

from __future__ import annotations

from abc import abstractmethod
from typing import Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, invalid_is_missing
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.kinds import is_list
from gatherum.kernels.listing import list_rows
from gatherum.kernels.lists import list_array
from gatherum.kernels.paths import present_values
from gatherum.kernels.states.base import States
from gatherum.kernels.states.boxes import read_state_values, state_values
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.counted import RowCounts
from gatherum.kernels.states.kept import KeptItems, KeptRows
from gatherum.kernels.states.portable import RANKED, state_type, struct_of
from gatherum.types.values import BsonType

LISTING_BYTES: Final = 32
"""What it takes to list a value."""


class ListedStates(CompiledStates):
    """The base of layouts that keep many values a group, and list them by group when asked for them."""

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self._listed: tuple[np.ndarray, np.ndarray] | None = None

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        self.size = size
        self.changed()

    def changed(self) -> None:
        """Forgets the list."""
        self._listed = None

    @abstractmethod
    def listing(self) -> tuple[np.ndarray, np.ndarray]:
        """The group of each value, and all values in the order that they have in their groups."""

    @abstractmethod
    def values(self, at: np.ndarray) -> Column:
        """Some of the values."""

    def listed(self, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The groups' values, group by group, and the offsets where each group begins and ends."""
        if self._listed is None:
            slots, order = self.listing()
            ends = np.zeros(self.size + 1, np.int64)
            np.cumsum(np.bincount(slots, minlength=self.size), out=ends[1:])
            listed = np.empty(len(slots), np.int64)
            list_rows(slots, order, ends[:-1].copy(), listed)
            self._listed = ends, listed
        ends, listed = self._listed
        starts, offsets = ends[groups], np.zeros(len(groups) + 1, np.int64)
        lengths = ends[groups + 1] - starts
        np.cumsum(lengths, out=offsets[1:])
        return listed[np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])], offsets

    @property
    def nbytes(self) -> int:
        """The bytes of the list, if there is one."""
        return sum(array.nbytes for array in self._listed) if self._listed else 0


def ranked_states(aggregate: Aggregate, offsets: np.ndarray, ordinals: np.ndarray, values: Column) -> pa.StructArray:
    """States of one list of ranked values each: those between the offsets."""
    array = state_values(values)
    fields = list(RANKED) if array.type == RANKED[1].type else [RANKED[0], pa.field("value", array.type)]
    ranked = pa.StructArray.from_arrays([pa.array(ordinals), array], fields=fields)
    kind = pa.large_list(state_type(aggregate.State)[0].type.value_field.with_type(ranked.type))
    return struct_of(aggregate, [pa.LargeListArray.from_arrays(pa.array(offsets), ranked, type=kind)])


def ranked_values(slots: np.ndarray, states: pa.StructArray) -> tuple[np.ndarray, Column, np.ndarray]:
    """The values in such states, with the slot and the ordinal of each."""
    lists = states.flatten()[0]
    ordinals, values = lists.flatten().flatten()
    return np.repeat(slots, lists.value_lengths().to_numpy()), read_state_values(values), ordinals.to_numpy()


def present(column: Column) -> Column:
    """Values of which those wanted are not missing."""
    return column if column.is_variant else Column(column.array)


class Collected(ListedStates):
    """The states of $push: the values, with their groups and ordinals."""

    serves = ("$push",)
    how = "columns of values"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.kept = KeptRows()
        self.slots = KeptItems(np.int32)
        self.ordinals = KeptItems(np.int64)

    def _keep(self, slots: np.ndarray, column: Column, ordinals: np.ndarray, rows: np.ndarray) -> States:
        """Keeps the values at some rows, none of which is missing."""
        self.kept.keep(present(column), rows)
        self.slots.keep(slots)
        self.ordinals.keep(ordinals)
        self.changed()
        return self

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        present = present_values(column)
        rows = np.arange(len(column)) if present is None else np.flatnonzero(present)
        return self._keep(slots if present is None else slots[rows], column, rows + ordinal, rows)

    def listing(self) -> tuple[np.ndarray, np.ndarray]:
        """As `ListedStates.listing`."""
        ordinals = self.ordinals.items()
        ascending = (ordinals[1:] >= ordinals[:-1]).all()
        return self.slots.items(), np.arange(len(ordinals)) if ascending else np.argsort(ordinals, kind="stable")

    def values(self, at: np.ndarray) -> Column:
        """As `ListedStates.values`."""
        return self.kept.take(at) if self.kept.size else Column(pa.nulls(0))

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        slots, column, ordinals = ranked_values(slots, states)
        return self._keep(slots, column, ordinals, np.arange(len(slots)))

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, Collected):
            return super().merge(slots, other)
        rows = np.arange(other.kept.size)
        return self._keep(slots[other.slots.items()], other.values(rows), other.ordinals.items(), rows)

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        at, offsets = self.listed(groups)
        return ranked_states(self.aggregate, offsets, self.ordinals.items()[at], self.values(at))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        at, offsets = self.listed(groups)
        return Column(list_array(offsets, self.values(at), None))

    @property
    def nbytes(self) -> int:
        """The bytes of the values, their groups and their ordinals."""
        return super().nbytes + self.kept.nbytes + self.slots.nbytes + self.ordinals.nbytes

    @property
    def nbytes_later(self) -> int:
        """As `States.nbytes_later`: the list, the values in one piece, and these listed."""
        return LISTING_BYTES * self.kept.size + 2 * self.kept.nbytes


class Concatenated(Collected):
    """The states of $concatArrays: the arrays, with their groups and ordinals."""

    serves = ("$concatArrays",)
    how = "columns of arrays"

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        if not _holds_arrays(column):
            state = self.aggregate.init()
            for value in values_of(column):
                self.aggregate.update(state, value)             # raises for the first that is no array
        return super().update(slots, column, ordinal)

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        at, offsets = self.listed(groups)
        arrays = self.values(at)
        if not is_list(arrays.array.type):
            lists = values_of(arrays)
            return column_of([[item for one in lists[start:end] for item in one]
                              for start, end in zip(offsets.tolist(), offsets[1:].tolist(), strict=False)])
        items = np.zeros(len(arrays) + 1, np.int64)
        np.cumsum(arrays.array.value_lengths().to_numpy(), out=items[1:])
        field = arrays.array.type.value_field
        return Column(list_array(items[offsets], Column(arrays.array.flatten(), invalid_is_missing(field)), None))


def _holds_arrays(column: Column) -> bool:
    """Whether all values are arrays or missing, as far as the type tells."""
    if column.is_variant:
        return bool(np.isin(parts(column)[0], (BsonType.ARRAY, BsonType.MISSING)).all())
    return is_list(column.array.type) and (column.missing or not column.nullish)
