"""States as NumPy records, for aggregates with typed overloads: the functions of a user's own, compiled."""

from __future__ import annotations

import inspect
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import FIXED_WIDTH, Aggregate
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.overloads import OverloadLoops, Overloads, loops_for
from gatherum.kernels.states.base import ObjectStates, States
from gatherum.kernels.states.portable import portable_column, state_type
from gatherum.kernels.words import integers

_DTYPES: Final = {"int": np.int64, "float": np.float64, "bool": np.bool_}
_EMPTY: Final = np.empty(0, np.uint8)


def records_for(aggregate: Aggregate) -> RecordStates | None:
    """Compiled states of an aggregate with typed overloads; None where it has none, or numba cannot compile them, or
    they are still being compiled."""
    states = states_by_overloads(aggregate)
    return states if isinstance(states, RecordStates) else None


def states_by_overloads(aggregate: Aggregate) -> States:
    """As `records_for`, but Python states, which say what the obstacle is, where there are no compiled ones."""
    objects = ObjectStates(aggregate)
    overloads, fields = overloads_of(aggregate), aggregate.State.fields
    if not overloads:
        return objects
    odd = [field.name for field in fields if field.kind not in FIXED_WIDTH]
    if odd or not fields:
        objects.how = f"{objects.how}: overloads need a state of int, float and bool fields only"
        return objects
    dtype = np.dtype([(field.name, _DTYPES[field.kind]) for field in fields], align=True)
    loops = loops_for(overloads, dtype)
    if isinstance(loops, OverloadLoops):
        return RecordStates(aggregate, dtype, loops)
    objects.how = f"{objects.how}: {loops}"
    return objects


def overloads_of(aggregate: Aggregate) -> Overloads:
    """The typed overloads that an aggregate has, by name."""
    found = {name: inspect.getattr_static(type(aggregate), name, None)
             for name in ("update_int64", "update_double", "merge_states")}
    return {name: function.__func__ for name, function in found.items() if isinstance(function, staticmethod)}


class RecordStates(States):
    """One record a group. Values of types without an overload turn the states into Python objects."""

    how = "typed overloads, compiled"

    def __init__(self, aggregate: Aggregate, dtype: np.dtype[Any], loops: OverloadLoops) -> None:
        super().__init__(aggregate)
        self.loops = loops
        self.records = np.empty(0, dtype)

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if size > len(self.records):
            larger = np.empty(max(size, 2 * len(self.records), 64), self.records.dtype)
            for field in self.aggregate.State.fields:
                larger[field.name] = field.initial
            larger[:self.size] = self.records[:self.size]
            self.records = larger
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        array, kind = column.array, column.array.type
        valid = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if array.null_count else _EMPTY
        skips = not array.null_count or self.aggregate.skips_nulls
        if skips and self.loops.update_int64 and (pa.types.is_int32(kind) or pa.types.is_int64(kind)):
            self.loops.update_int64(self.records, slots, integers(array), valid)
        elif skips and self.loops.update_double and pa.types.is_float64(kind):
            values = (array.fill_null(0.0) if array.null_count else array).to_numpy()
            self.loops.update_double(self.records, slots, values, valid)
        elif not (pa.types.is_null(kind) and self.aggregate.skips_nulls):
            return self.widened().update(slots, column, ordinal)
        return self

    def widened(self) -> ObjectStates:
        """The same states as Python objects."""
        objects = ObjectStates(self.aggregate)
        objects.states = self._states(np.arange(self.size))
        objects.size = self.size
        return objects

    def _states(self, groups: np.ndarray) -> list[Any]:
        return [self.aggregate.State.of(record) for record in self.records[groups].tolist()]

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        if self.loops.merge_states is None:
            return self.widened().absorb(slots, states)
        others = np.empty(len(states), self.records.dtype)
        for field, array in zip(self.aggregate.State.fields, states.flatten(), strict=True):
            others[field.name] = array.to_numpy(zero_copy_only=False)
        self.loops.merge_states(self.records, slots, others)
        return self

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if self.loops.merge_states is None or not isinstance(other, RecordStates):
            return self.widened().merge(slots, other.widened() if isinstance(other, RecordStates) else other)
        self.loops.merge_states(self.records, slots, other.records[:other.size])
        return self

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        kind = state_type(self.aggregate.State)
        if any(field.kind == "bool" for field in self.aggregate.State.fields):
            return portable_column(self.aggregate, self._states(groups))
        picked = self.records[groups]
        return pa.StructArray.from_arrays([pa.array(np.ascontiguousarray(picked[f.name])) for f in kind],
                                          fields=list(kind))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`: by the aggregate's meaning."""
        return column_of([self.aggregate.finalize(state) for state in self._states(groups)])

    @property
    def nbytes(self) -> int:
        """The bytes of the records."""
        return self.records.nbytes


