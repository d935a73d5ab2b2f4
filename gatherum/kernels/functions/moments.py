"""$stdDevPop and $stdDevSamp over columns: exact sums of doubles and of their squares."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.kernels.additions import WINDOW
from gatherum.kernels.buffers import array_of, fixed_values, valid_mask
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts, to_variant
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.moments import add_moments, merge_squares
from gatherum.kernels.scratch import Scratch, padded
from gatherum.kernels.states.additions import Additions
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import CountedStates, RowCounts
from gatherum.kernels.states.portable import fixed_width, portable_column, state_type, states_of
from gatherum.kernels.states.slot_words import LazyWords
from gatherum.kernels.tables import StringBuffers
from gatherum.kernels.totals import NO_ROWS, merge_totals
from gatherum.kernels.wide import FIRST_UNIT, WINDOW_ROWS, picked, wide_integer
from gatherum.types.values import BsonType

HIGHEST: Final = 2001
"""The highest base: of a higher window infinities would be part."""
_NUMBERS: Final = (BsonType.INT, BsonType.LONG, BsonType.DOUBLE)


class MomentSums(CountedStates):
    """The states of $stdDevPop and $stdDevSamp.

    `totals` holds two words a group, the sum in units of 2**(base - 1075), and `squares` four, that of the squares in
    units of its square. A group has as many numbers as rows, and `extra`. `rest` holds Python states of decimals and
    of what is outside the window, by group.
    """

    serves = ("$stdDevPop", "$stdDevSamp")
    how = "exact sums of squares in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.totals = np.zeros(0, np.int64)
        self.squares = np.zeros(0, np.int64)
        self.extra = LazyWords()
        self.base = 0
        self.window_rows = 0
        self.rest: defaultdict[int, Any] = defaultdict(aggregate.init)
        self.scratch = Scratch()

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        self.extra.grow(size)
        if 2 * size > len(self.totals):
            self.totals = padded(self.totals, 2 * size)
            self.squares = padded(self.squares, 2 * len(self.totals))
        super().grow(size)

    def add(self, additions: Additions, column: Column, ordinal: int) -> States:
        """As `States.add`."""
        slots = additions.slots
        if column.is_variant or kind_of(column) is None:
            self._update_variant(additions, to_variant(column))
            return self
        kind, valid = kind_of(column), valid_mask(column.array)
        chosen = NO_ROWS if valid is None else valid.view(np.uint8)
        if kind in _NUMBERS:
            self._add(slots, fixed_values(column.array).astype(np.float64, copy=False), chosen)
        else:
            chosen = np.zeros(len(column), np.uint8)
            if kind == BsonType.DECIMAL:
                self._add_values(slots, column)
        if len(chosen):
            additions.count(self.extra.held(), -1, 1 - chosen)
        return self

    def _update_variant(self, additions: Additions, column: Column) -> None:
        slots = additions.slots
        types, words, _ = parts(column)
        words = np.ascontiguousarray(words)
        whole, double = (types == BsonType.INT) | (types == BsonType.LONG), types == BsonType.DOUBLE
        numbers = whole | double
        if numbers.any():
            self._add(slots, np.where(double, words.view(np.float64), words.view(np.int64)), numbers.view(np.uint8))
        decimal = np.flatnonzero(types == BsonType.DECIMAL)
        if len(decimal):
            self._add_values(slots[decimal], column.take(decimal))
        if not numbers.all():
            additions.count(self.extra.held(), -1, (~numbers).view(np.uint8))

    def _add(self, slots: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> None:
        if not self.base:
            self.base = _base_for(values if not len(chosen) else values[chosen.view(np.bool_)])
        self.window_rows += len(values)
        if self.window_rows > WINDOW_ROWS:
            self._empty_window()
        outside = self.scratch.array("outside", np.int64, len(values) + 1)
        listed = add_moments(slots, values, chosen, self.totals, self.squares, self.base, WINDOW, outside)
        for row in outside[:listed].tolist():
            state = self.rest[int(slots[row])]
            self.aggregate.update(state, float(values[row]))
            state.numbers -= 1                              # its row is counted

    def _add_values(self, slots: np.ndarray, column: Column) -> None:
        for slot, value in zip(slots.tolist(), values_of(column), strict=True):
            self.aggregate.update(self.rest[slot], value)

    def _empty_window(self) -> None:
        """Moves everything into Python states."""
        for group in np.flatnonzero(self.squares.reshape(-1, 4).any(axis=1)).tolist():
            state = self._window(group)
            state.numbers = 0
            self.aggregate.merge(self.rest[group], state)
        self.totals[:], self.squares[:] = 0, 0
        self.base, self.window_rows = 0, 0

    def _window(self, group: int) -> Any:
        """What the kernels know of a group, as the aggregate's state."""
        state = self.aggregate.init()
        state.numbers = int(self.rows.counts[group] + self.extra.of(np.array([group]))[0])
        if self.base:
            state.total = wide_integer(self.totals, group) << self.base - 1
            state.squares = self._squares(group) << 2 * (self.base - 1)
        return state

    def _squares(self, group: int) -> int:
        return int.from_bytes(self.squares[4 * group:4 * group + 4].tobytes(), "little")

    def _state(self, group: int) -> Any:
        state = self._window(group)
        if group in self.rest:
            self.aggregate.merge(state, self.rest[group])
        return state

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`: by kernels where all states are of one window."""
        numbers, totals, squares, not_finite = states.flatten()
        window = _read_window(totals, squares)
        base, sums, square_sums = (0, None, None) if window is None else window
        if sums is None or square_sums is None or base != (self.base or base) or not_finite.true_count:
            for slot, state in zip(slots.tolist(), states_of(self.aggregate, states), strict=True):
                self.aggregate.merge(self.rest[slot], state)
            return self
        self.base = base
        self._merge(slots, sums, square_sums)
        self.extra.add(slots, numbers.to_numpy())
        return self

    def _merge(self, slots: np.ndarray, totals: np.ndarray, squares: np.ndarray) -> None:
        failed = np.empty(len(slots) + 1, np.int64)
        listed = merge_totals(slots, totals, np.zeros(1, np.int64), self.totals, failed)
        added = np.ones(len(slots), np.uint8)
        added[failed[:listed]] = 0
        merge_squares(slots, squares, added, self.squares)
        for row in failed[:listed].tolist():
            state = self.aggregate.init()
            state.total = wide_integer(totals, row) << self.base - 1
            square = int.from_bytes(squares[4 * row:4 * row + 4].tobytes(), "little")
            state.squares = square << 2 * (self.base - 1)
            self.aggregate.merge(self.rest[int(slots[row])], state)

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, MomentSums):
            return super().merge(slots, other)
        size = len(slots)
        self.merge_counts(slots, other)
        self.extra.merge(slots, other.extra)
        self.base = self.base or other.base
        if other.base and other.base != self.base:
            other._empty_window()
        if other.base:
            self._merge(slots, other.totals[:2 * size], other.squares[:4 * size])
        for group, state in other.rest.items():
            self.aggregate.merge(self.rest[int(slots[group])], state)
        return self

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        if self.rest or not self.base:
            return portable_column(self.aggregate, [self._state(group) for group in groups.tolist()])
        zeros = (self.base - 1) // 8
        squares = self.squares.reshape(-1, 4)[groups].reshape(-1)
        arrays = [pa.array(self.rows.counts[groups] + self.extra.of(groups)),
                  _shifted(picked(self.totals, groups), 16, zeros), _shifted(squares, 32, 2 * zeros),
                  pa.array(np.zeros(len(groups), np.bool_))]
        return pa.StructArray.from_arrays(arrays, fields=list(state_type(self.aggregate.State)))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`: with the window's own units, as they make smaller integers."""
        answers: list[float | None] = []
        sample = self.aggregate.name == "$stdDevSamp"
        numbers = (self.rows.counts[groups] + self.extra.of(groups)).tolist()
        for group, count in zip(groups.tolist(), numbers, strict=True):
            if group in self.rest or not self.base:
                answers.append(self.aggregate.finalize(self._state(group)))
            elif count <= sample:
                answers.append(None)
            else:
                total = wide_integer(self.totals, group)
                answers.append(self._deviation(count * self._squares(group) - total * total, count * (count - sample)))
        valid = np.array([answer is not None for answer in answers])
        return Column(array_of(np.array([answer or 0.0 for answer in answers]), None if valid.all() else valid))

    def _deviation(self, spread: int, divisor: int) -> float:
        scale = 2 * (self.base - FIRST_UNIT)
        try:
            return math.sqrt((spread << scale) / divisor if scale > 0 else spread / (divisor << -scale))
        except OverflowError:
            return math.nan

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays, and an estimate for the rest."""
        rows = self.rows.nbytes if self._owns_rows else 0
        held = sum(part.nbytes for part in (self.extra, self.totals, self.squares, self.scratch))
        return rows + held + 700 * len(self.rest)


def _base_for(values: np.ndarray) -> int:
    """The lowest exponent of a window for values like these; one more than a multiple of 8, so that portable states
    are shifted by whole bytes."""
    finite = np.abs(values[np.isfinite(values)])
    largest = int(np.frexp(finite.max())[1]) + 1022 if len(finite) else 1023
    return min(max((largest + 8) // 8 * 8 + 1 - WINDOW, 1), HIGHEST)


def _shifted(words: np.ndarray, width: int, zeros: int) -> pa.Array:
    """Integers of `width` bytes as wide integers with so many bytes 0 below."""
    data = np.zeros((len(words) * 8 // width, zeros + width), np.uint8)
    data[:, zeros:] = words.view(np.uint8).reshape(-1, width)
    return fixed_width(data.reshape(-1), zeros + width)


def _read_window(totals: pa.Array, squares: pa.Array) -> tuple[int, np.ndarray, np.ndarray] | None:
    """The inverse of `_shifted` for states of one window: its base, the totals and the squares. None for others."""
    rows = len(totals)
    widths = [StringBuffers(array) for array in (totals, squares)]
    found = []
    for strings, array, width in zip(widths, (totals, squares), (16, 32), strict=True):
        lengths = np.diff(strings.wide)
        if not rows or (lengths != lengths[0]).any() or lengths[0] < width:
            return None
        start = int(strings.wide[0])
        data = np.frombuffer(array.buffers()[2], np.uint8)[start:start + rows * int(lengths[0])].reshape(rows, -1)
        if data[:, :-width].any():
            return None
        found.append((int(lengths[0]) - width, np.ascontiguousarray(data[:, -width:]).reshape(-1).view(np.int64)))
    (zeros, sums), (more_zeros, square_sums) = found
    return (8 * zeros + 1, sums, square_sums) if more_zeros == 2 * zeros < HIGHEST // 4 else None
