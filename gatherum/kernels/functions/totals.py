"""$sum and $avg over columns: one 128-bit total of integers and one of doubles a group, and Python totals beside them
for what neither holds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson import Decimal128

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.sum import SAW_DOUBLE, SAW_LONG, NumberTotal
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, variant_array
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.states.base import States
from gatherum.kernels.states.choose import CompiledStates
from gatherum.kernels.states.portable import portable_column, states_of
from gatherum.kernels.totals import add_doubles, add_integers, merge_totals, round_totals
from gatherum.kernels.words import integers
from gatherum.types.values import INT32_MAX, INT32_MIN, BsonType

WINDOW: Final = 40
"""The exponents that one window spans; 127 - 53 - 40 bits are left for 2**34 rows."""
_EMPTY: Final = np.empty(0, np.uint8)


class Totals(CompiledStates):
    """The states of $sum and $avg.

    `integer_totals` and `double_totals` hold two words a group, the latter in units of 2**(base - 1075);
    `integer_counts` and `double_counts` say how many numbers are in them; `long_groups` which groups saw a long.
    `rest` holds the totals of decimals and of doubles outside the window, by group.
    """

    serves = ("$sum", "$avg")
    how = "exact sums in compiled kernels"

    def __init__(self, aggregate: Aggregate) -> None:
        super().__init__(aggregate)
        self.integer_totals = np.zeros(0, np.int64)
        self.double_totals = np.zeros(0, np.int64)
        self.integer_counts = np.zeros(0, np.int64)
        self.double_counts = np.zeros(0, np.int64)
        self.long_groups = np.zeros(0, np.bool_)
        self.base: int | None = None
        self.rest: dict[int, NumberTotal] = {}

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if size > len(self.integer_counts):
            room = max(size, 2 * len(self.integer_counts), 64)
            for name in ("integer_counts", "double_counts", "long_groups"):
                setattr(self, name, _resized(getattr(self, name), room))
            for name in ("integer_totals", "double_totals"):
                setattr(self, name, _resized(getattr(self, name), 2 * room))
        self.size = size

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        if column.is_variant:
            self._update_variant(slots, column)
            return self
        kind, array = column.array.type, column.array
        valid = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if array.null_count else _EMPTY
        if pa.types.is_int32(kind) or pa.types.is_int64(kind):
            add_integers(slots, integers(array), valid, self.integer_totals, self.integer_counts)
            if pa.types.is_int64(kind):
                self.long_groups[slots if not len(valid) else slots[valid.view(np.bool_)]] = True
        elif pa.types.is_float64(kind):
            self._add_doubles(slots, (array.fill_null(0.0) if array.null_count else array).to_numpy(), valid)
        elif not (pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind)):
            self._add_values(slots, column)
        return self

    def _update_variant(self, slots: np.ndarray, column: Column) -> None:
        types, words, _ = parts(column)
        whole = np.flatnonzero((types == BsonType.INT) | (types == BsonType.LONG))
        if len(whole):
            add_integers(slots[whole], words[whole].view(np.int64), _EMPTY, self.integer_totals, self.integer_counts)
            self.long_groups[slots[types == BsonType.LONG]] = True
        doubles = np.flatnonzero(types == BsonType.DOUBLE)
        if len(doubles):
            self._add_doubles(slots[doubles], words[doubles].view(np.float64), _EMPTY)
        decimals = np.flatnonzero(types == BsonType.DECIMAL)
        if len(decimals):
            self._add_values(slots[decimals], column.take(decimals))

    def _add_doubles(self, slots: np.ndarray, values: np.ndarray, valid: np.ndarray) -> None:
        if self.base is None:
            self.base = _window_base(values)
        outside = np.empty(len(values) + 1, np.int64)
        listed = add_doubles(slots, values, valid, self.double_totals, self.double_counts, self.base, WINDOW, outside)
        for row in outside[:listed].tolist():
            total = self._rest_of(int(slots[row]))
            total.add(float(values[row]))
            total.numbers -= 1                              # the kernel has counted it

    def _rest_of(self, group: int) -> NumberTotal:
        total = self.rest.get(group)
        if total is None:
            total = self.rest[group] = NumberTotal()
        return total

    def _add_values(self, slots: np.ndarray, column: Column) -> None:
        for slot, value in zip(slots.tolist(), values_of(column), strict=True):
            if type(value) is Decimal128:
                self._rest_of(slot).add(value)

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        for slot, state in zip(slots.tolist(), states_of(self.aggregate, states), strict=True):
            self._rest_of(slot).absorb(state)
        return self

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`: the totals word by word, where the windows are the same."""
        if not isinstance(other, Totals) or (self.base != other.base and None not in (self.base, other.base)):
            return super().merge(slots, other)
        if self.base is None:
            self.base = other.base
        size = other.size
        merge_totals(slots, other.integer_totals[:2 * size], other.integer_counts[:size], self.integer_totals,
                     self.integer_counts)
        merge_totals(slots, other.double_totals[:2 * size], other.double_counts[:size], self.double_totals,
                     self.double_counts)
        self.long_groups[slots[other.long_groups[:size]]] = True
        for group, total in other.rest.items():
            self._rest_of(int(slots[group])).absorb(total)
        return self

    def _total(self, group: int) -> NumberTotal:
        """One group's state as the aggregate defines it."""
        total = NumberTotal()
        total.integers = _wide(self.integer_totals, group)
        if self.base is not None:
            total.doubles = _wide(self.double_totals, group) << self.base - 1
        total.numbers = int(self.integer_counts[group] + self.double_counts[group])
        total.seen = (SAW_LONG if self.long_groups[group] else 0) | (SAW_DOUBLE if self.double_counts[group] else 0)
        if group in self.rest:
            total.absorb(self.rest[group])
        return total

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        return portable_column(self.aggregate, [self._total(group) for group in groups.tolist()])

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`: by kernels where all groups have integers only, or doubles only."""
        whole, fraction = self.integer_counts[groups], self.double_counts[groups]
        if self.rest or (whole.any() and fraction.any()):
            return column_of([self.aggregate.finalize(self._total(group)) for group in groups.tolist()])
        counts = whole + fraction
        if self.aggregate.name == "$avg":
            return self._means(groups, counts, fraction)
        if fraction.any():
            return self._doubles(groups, counts)
        return self._longs(groups)

    def _rounded(self, totals: np.ndarray, groups: np.ndarray, exponent: int) -> np.ndarray:
        picked = np.ascontiguousarray(totals.reshape(-1, 2)[groups]).reshape(-1)
        rounded = np.empty(len(groups))
        round_totals(picked, exponent, rounded)
        return rounded

    def _means(self, groups: np.ndarray, counts: np.ndarray, fraction: np.ndarray) -> Column:
        if fraction.any():
            totals = self._rounded(self.double_totals, groups, (self.base or 0) - 1075)
        else:
            totals = self._rounded(self.integer_totals, groups, 0)
        with np.errstate(invalid="ignore"):
            means = totals / counts
        return Column(pa.array(means, mask=counts == 0))

    def _doubles(self, groups: np.ndarray, counts: np.ndarray) -> Column:
        sums = self._rounded(self.double_totals, groups, (self.base or 0) - 1075)
        if counts.all():
            return Column(pa.array(sums))
        return column_of([value if count else 0 for value, count in zip(sums.tolist(), counts.tolist(), strict=True)])

    def _longs(self, groups: np.ndarray) -> Column:
        low, high = self.integer_totals[2 * groups], self.integer_totals[2 * groups + 1]
        if (high != low >> 63).any():
            return column_of([self.aggregate.finalize(self._total(group)) for group in groups.tolist()])
        longs = self.long_groups[groups] | (low > INT32_MAX) | (low < INT32_MIN)
        if longs.all():
            return Column(pa.array(low))
        if not longs.any():
            return Column(pa.array(low.astype(np.int32)))
        types = np.where(longs, np.uint8(BsonType.LONG), np.uint8(BsonType.INT)).astype(np.uint8)
        return Column(variant_array(types, low.view(np.uint64), pa.array([b""] * len(low), pa.large_binary())))

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays, and an estimate for the rest."""
        return 49 * len(self.integer_counts) + 400 * len(self.rest)


def _resized(array: np.ndarray, size: int) -> np.ndarray:
    larger = np.zeros(size, array.dtype)
    larger[:len(array)] = array
    return larger


def _wide(totals: np.ndarray, group: int) -> int:
    return (int(totals[2 * group + 1]) << 64) + (int(totals[2 * group]) & 0xFFFFFFFFFFFFFFFF)


def _window_base(values: np.ndarray) -> int:
    """The lowest exponent of a window for values like these: it ends a little above the largest."""
    finite: Any = values[np.isfinite(values)]
    largest = int(np.frexp(np.abs(finite).max())[1]) + 1022 if len(finite) else 1023
    return max((largest + 7) // 8 * 8 + 4 - WINDOW, 1)
