"""What all layouts of states do, and the one that serves every aggregate: a list of Python states."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.states.portable import portable_column, states_of

if TYPE_CHECKING:
    from gatherum.kernels.states.additions import Additions


class States(ABC):
    """The states of `aggregate` for the groups 0 to `size` - 1 of one table.

    Slots are group numbers, int32, one for each row of a column. `update`, `absorb` and `merge` raise nothing but
    what the aggregate's meaning raises.
    """

    how: str = "by its meaning"

    def __init__(self, aggregate: Aggregate) -> None:
        self.aggregate = aggregate
        self.size = 0

    @abstractmethod
    def grow(self, size: int) -> None:
        """Adds states of nothing, up to `size` groups."""

    @abstractmethod
    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """Takes the values of a column into the states; row i has the ordinal `ordinal` + i. Returns the states:
        these, or others of a layout that holds the values."""

    @abstractmethod
    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """Takes exported states in, state i into slot i; returns the states, as `update` does."""

    @abstractmethod
    def export(self, groups: np.ndarray) -> pa.StructArray:
        """The states of some groups in their portable form."""

    @abstractmethod
    def finalize(self, groups: np.ndarray) -> Column:
        """The answers of some groups."""

    @property
    @abstractmethod
    def nbytes(self) -> int:
        """The bytes held, or an estimate of them."""

    @property
    def nbytes_later(self) -> int:
        """The bytes that it takes beside these to export or finalize the states, the result apart."""
        return 0

    def add(self, additions: Additions, column: Column, ordinal: int) -> States:
        """As `update` for the rows of `additions`, to which additions to totals may be left."""
        return self.update(additions.slots, column, ordinal)

    def takes_repeats(self, column: Column) -> bool:
        """Whether a value of this column that several rows have may be given to `add` once, with how often it comes:
        by `RepeatedAdditions`."""
        return False

    def merge(self, slots: np.ndarray, other: States) -> States:
        """Takes the states of another table in, its group i into slot i."""
        return self.absorb(slots, other.export(np.arange(other.size)))


class ObjectStates(States):
    """Python states, one object a group: the aggregate's meaning itself."""

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self.states: list[Any] = []
        self.rows = 0

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        self.states += [self.aggregate.init() for _ in range(size - self.size)]
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        self.rows += len(column)
        self.aggregate.update_each(map(self.states.__getitem__, slots.tolist()), values_of(column), ordinal)
        return self

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        merge = self.aggregate.merge
        for slot, state in zip(slots.tolist(), states_of(self.aggregate, states), strict=True):
            merge(self.states[slot], state)
        self.rows += len(states)
        return self

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`, without the portable form."""
        if not isinstance(other, ObjectStates):
            return super().merge(slots, other)
        for slot, state in zip(slots.tolist(), other.states, strict=True):
            self.aggregate.merge(self.states[slot], state)
        self.rows += other.rows
        return self

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        return portable_column(self.aggregate, [self.states[group] for group in groups.tolist()])

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`."""
        return column_of([self.aggregate.finalize(self.states[group]) for group in groups.tolist()])

    @property
    def nbytes(self) -> int:
        """An estimate: a few hundred bytes a state, and as much for every row that a growing state keeps."""
        growing = any(field.kind in ("values", "ranked") for field in self.aggregate.State.fields)
        return 250 * self.size + (150 * self.rows if growing else 0)
