"""$sum and $avg over columns: one 128-bit total of integers and one of doubles a group, and Python totals beside them
for what neither holds."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
from bson import Decimal128

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.sum import NOT_FINITE, SAW_DECIMAL, SAW_DOUBLE, SAW_LONG, NumberTotal
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column, concat, variant_array
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.scratch import Scratch, padded
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import CountedStates, RowCounts
from gatherum.kernels.states.portable import (
    empty_bytes,
    portable_column,
    state_type,
    states_of,
    wide_array,
    wide_bytes,
)
from gatherum.kernels.tables import StringBuffers
from gatherum.kernels.totals import (
    NO_ROWS,
    add_doubles,
    add_integers,
    count_rows,
    mark_groups,
    merge_totals,
    read_totals,
    round_totals,
)
from gatherum.kernels.words import integers
from gatherum.types.exact import DOUBLE_SCALE
from gatherum.types.values import INT32_MAX, INT32_MIN, BsonType

WINDOW: Final = 40
"""The exponents that one window spans; 127 - 53 - 40 bits are left for the number of rows."""
WINDOW_ROWS: Final = 1 << 32
"""So many rows are taken into the window before it is emptied into Python totals."""
FIRST_UNIT: Final = 1075
"""A double of exponent e is an integer times 2**(e - FIRST_UNIT)."""


class Totals(CountedStates):
    """The states of $sum and $avg.

    `whole` and `fraction` hold two words a group: the total of integers, and that of doubles in units of
    2**(base - 1075). `seen` holds the SAW_ bits of what is in them. A group's number of numbers is that of its rows
    plus `extra`. `rest` holds the totals of decimals and of doubles outside the window, by group.
    """

    serves = ("$sum", "$avg")
    how = "exact sums in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.whole = np.zeros(0, np.int64)
        self.fraction = np.zeros(0, np.int64)
        self.extra = np.zeros(0, np.int64)
        self.seen = np.zeros(0, np.uint8)
        self.marked = {SAW_LONG: 0, SAW_DOUBLE: 0}
        self.base = 0
        self.window_rows = 0
        self.rest: dict[int, NumberTotal] = {}
        self.scratch = Scratch()

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        if size > len(self.seen):
            self.seen, self.extra = padded(self.seen, size), padded(self.extra, size)
            words = 2 * len(self.seen)
            self.whole, self.fraction = padded(self.whole, words), padded(self.fraction, words)
        super().grow(size)

    def update(self, slots: np.ndarray, column: Column, ordinal: int) -> States:
        """As `States.update`."""
        self.count(slots)
        if column.is_variant:
            self._update_variant(slots, column)
            return self
        array, kind = column.array, column.array.type
        chosen = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if array.null_count else NO_ROWS
        if pa.types.is_int32(kind) or pa.types.is_int64(kind):
            add_integers(slots, integers(array, self.scratch), chosen, self.whole)
            if pa.types.is_int64(kind):
                self._mark(slots, chosen, SAW_LONG)
        elif pa.types.is_float64(kind):
            self._add_doubles(slots, (array.fill_null(0.0) if array.null_count else array).to_numpy(), chosen)
        elif pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind):
            chosen = np.zeros(len(array), np.uint8)
        else:
            chosen = self._add_values(slots, column)
        if len(chosen):
            count_rows(slots, 1 - chosen, -1, self.extra)
        return self

    def _update_variant(self, slots: np.ndarray, column: Column) -> None:
        types, words, _ = parts(column)
        words, numbers = np.ascontiguousarray(words), np.zeros(len(types), np.bool_)
        long, double, decimal = (types == kind for kind in (BsonType.LONG, BsonType.DOUBLE, BsonType.DECIMAL))
        whole = (types == BsonType.INT) | long
        if whole.any():
            add_integers(slots, words.view(np.int64), whole.view(np.uint8), self.whole)
            if long.any():
                self._mark(slots, long.view(np.uint8), SAW_LONG)
        if double.any():
            self._add_doubles(slots, words.view(np.float64), double.view(np.uint8))
        if decimal.any():
            rows = np.flatnonzero(decimal)
            self._add_values(slots[rows], column.take(rows))
        numbers = whole | double | decimal
        if not numbers.all():
            count_rows(slots, (~numbers).view(np.uint8), -1, self.extra)

    def _mark(self, slots: np.ndarray, chosen: np.ndarray, mark: int) -> None:
        """Marks the rows' groups. Groups below `marked` are known to have the mark."""
        start = self.marked[mark]
        if start < self.size:
            mark_groups(slots, chosen, mark, self.seen)
            unmarked = np.flatnonzero(self.seen[start:self.size] & mark == 0)
            self.marked[mark] = start + int(unmarked[0]) if len(unmarked) else self.size

    def _add_doubles(self, slots: np.ndarray, values: np.ndarray, chosen: np.ndarray) -> None:
        if not self.base:
            self.base = _window_base(values if not len(chosen) else values[chosen.view(np.bool_)])
        self.window_rows += len(values)
        if self.window_rows > WINDOW_ROWS:
            self._empty_window()
        outside = self.scratch.array("outside", np.int64, len(values) + 1)
        listed = add_doubles(slots, values, chosen, self.fraction, self.base, WINDOW, outside)
        for row in outside[:listed].tolist():
            total = self._rest_of(int(slots[row]))
            total.add(float(values[row]))
            total.numbers -= 1                              # its row is counted
        self._mark(slots, chosen, SAW_DOUBLE)

    def _empty_window(self) -> None:
        for group in np.flatnonzero(self.fraction.reshape(-1, 2).any(axis=1)).tolist():
            total = NumberTotal()
            total.doubles = _wide(self.fraction, group) << self.base - 1
            self._rest_of(group).absorb(total)
        self.fraction[:] = 0
        self.window_rows = 0

    def _rest_of(self, group: int) -> NumberTotal:
        total = self.rest.get(group)
        if total is None:
            total = self.rest[group] = NumberTotal()
        return total

    def _add_values(self, slots: np.ndarray, column: Column) -> np.ndarray:
        """Adds decimals one by one; returns which values are any."""
        decimals = np.zeros(len(column), np.uint8)
        for row, (slot, value) in enumerate(zip(slots.tolist(), values_of(column), strict=True)):
            if type(value) is Decimal128:
                decimals[row] = 1
                total = self._rest_of(slot)
                total.add(value)
                total.numbers -= 1                          # its row is counted
        return decimals

    def absorb(self, slots: np.ndarray, states: pa.StructArray) -> States:
        """As `States.absorb`."""
        fields = dict(zip((field.name for field in states.type), states.flatten(), strict=True))
        seen, unit = fields["seen"].to_numpy(), fields["unit"].to_numpy()
        whole, wide_whole = _read(fields["integers"])
        fraction, wide_fraction = _read(fields["doubles"])
        special = np.union1d(np.flatnonzero(seen & (SAW_DECIMAL | NOT_FINITE)), np.union1d(wide_whole, wide_fraction))
        if len(special):
            for slot, state in zip(slots[special].tolist(), states_of(self.aggregate, states.take(pa.array(special))),
                                   strict=True):
                self._rest_of(slot).absorb(state)
            plain = np.delete(np.arange(len(slots)), special)
            return self.absorb(slots[plain], states.take(pa.array(plain)))
        if not self.base:
            self.base = _base_of_totals(fraction, unit)
        self._merge(slots, whole, fraction, unit)
        np.add.at(self.extra, slots, fields["numbers"].to_numpy())
        for mark in (SAW_LONG, SAW_DOUBLE):
            mark_groups(slots, (seen & mark).astype(np.uint8), mark, self.seen)
        return self

    def _merge(self, slots: np.ndarray, whole: np.ndarray, fraction: np.ndarray, unit: np.ndarray) -> None:
        """Adds totals; those of doubles are in units of 2**unit."""
        failed = np.empty(len(slots) + 1, np.int64)
        for into, totals, scale in ((self.whole, whole, np.zeros(1, np.int64)),
                                    (self.fraction, fraction, unit + (FIRST_UNIT - self.base))):
            for row in failed[:merge_totals(slots, totals, scale, into, failed)].tolist():
                total = NumberTotal()
                if into is self.whole:
                    total.integers = _wide(totals, row)
                else:
                    total.doubles = _wide(totals, row) << int(unit[row if len(unit) > 1 else 0]) + DOUBLE_SCALE
                self._rest_of(int(slots[row])).absorb(total)

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, Totals):
            return super().merge(slots, other)
        size = len(slots)
        self.base = self.base or other.base
        self._merge(slots, other.whole[:2 * size], other.fraction[:2 * size], np.array([other.base - FIRST_UNIT]))
        self.merge_counts(slots, other)
        self.extra[slots] += other.extra[:size]
        self.seen[slots] |= other.seen[:size]
        for group, total in other.rest.items():
            self._rest_of(int(slots[group])).absorb(total)
        return self

    def numbers(self, groups: np.ndarray) -> np.ndarray:
        """How many numbers these groups have, those of `rest` aside that came in states."""
        return self.rows.counts[groups] + self.extra[groups]

    def _total(self, group: int) -> NumberTotal:
        """One group's state as the aggregate defines it."""
        total = NumberTotal()
        total.integers = _wide(self.whole, group)
        if self.base:
            total.doubles = _wide(self.fraction, group) << self.base - 1
        total.numbers = int(self.rows.counts[group] + self.extra[group])
        total.seen = int(self.seen[group])
        if group in self.rest:
            total.absorb(self.rest[group])
        return total

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        count = len(groups)
        unit = self.base - FIRST_UNIT if self.base else 0
        fields = {
            "integers": wide_array(_picked(self.whole, groups)), "doubles": wide_array(_picked(self.fraction, groups)),
            "unit": pa.array(np.full(count, unit)), "coefficient": _repeated(wide_bytes(0), count),
            "exponent": pa.array(np.zeros(count, np.int64)), "seen": pa.array(self.seen[groups].astype(np.int64)),
            "numbers": pa.array(self.numbers(groups)),
        }
        kind = state_type(self.aggregate.State)
        states = pa.StructArray.from_arrays([fields[field.name] for field in kind], fields=list(kind))
        special = self._special(groups)
        if not len(special):
            return states
        others = portable_column(self.aggregate, [self._total(group) for group in groups[special].tolist()])
        return pa.concat_arrays([states, others]).take(pa.array(_replaced(count, special)))

    def _special(self, groups: np.ndarray) -> np.ndarray:
        """The places of the groups with a Python total."""
        if not self.rest:
            return _NO_PLACES
        return np.flatnonzero(np.isin(groups, np.fromiter(self.rest, np.int64, len(self.rest))))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`: by kernels, except for groups with a Python total, and those whose integers do not fit
        the window of their doubles."""
        whole, fraction = _picked(self.whole, groups), _picked(self.fraction, groups)
        fractional = (self.seen[groups] & SAW_DOUBLE) != 0
        special = self._special(groups)
        mixed = np.flatnonzero(fractional & whole.reshape(-1, 2).any(axis=1))
        if len(mixed):
            failed = np.empty(len(mixed) + 1, np.int64)
            found = merge_totals(mixed.astype(np.int32), _picked(whole, mixed), np.array([FIRST_UNIT - self.base]),
                                 fraction, failed)
            special = np.union1d(special, mixed[failed[:found]])
        sums = _rounded(fraction, self.base - FIRST_UNIT) if fractional.any() else np.zeros(len(groups))
        if self.aggregate.name == "$avg":
            made = _means(sums if fractional.all() else np.where(fractional, sums, _rounded(whole, 0)),
                          self.numbers(groups))
        else:
            made = _sums(whole, sums, fractional, (self.seen[groups] & SAW_LONG) != 0)
        if not len(special):
            return made
        values = [self.aggregate.finalize(self._total(group)) for group in groups[special].tolist()]
        return concat([made, column_of(values)]).take(_replaced(len(groups), special))

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays, and an estimate for the rest."""
        rows = self.rows.nbytes if self._owns_rows else 0
        return rows + 41 * len(self.seen) + 500 * len(self.rest) + self.scratch.nbytes


_NO_PLACES: Final = np.empty(0, np.int64)


def _means(sums: np.ndarray, counts: np.ndarray) -> Column:
    with np.errstate(invalid="ignore"):
        return Column(pa.array(sums / counts, mask=counts == 0))


def _sums(whole: np.ndarray, sums: np.ndarray, fractional: np.ndarray, long: np.ndarray) -> Column:
    """The sums of groups with doubles, and the integers or rounded integers of those without."""
    if fractional.all():
        return Column(pa.array(sums))
    low, high = np.ascontiguousarray(whole[::2]), whole[1::2]
    if ((high != low >> 63) & ~fractional).any():
        too_large = (high != low >> 63) & ~fractional
        sums, fractional = np.where(too_large, _rounded(whole, 0), sums), fractional | too_large
    long = long | (low > INT32_MAX) | (low < INT32_MIN)
    if not fractional.any() and (long.all() or not long.any()):
        return Column(pa.array(low if long.any() else low.astype(np.int32)))
    types = np.where(fractional, np.uint8(BsonType.DOUBLE), np.where(long, np.uint8(BsonType.LONG),
                                                                      np.uint8(BsonType.INT))).astype(np.uint8)
    return Column(variant_array(types, np.where(fractional, sums.view(np.int64), low).view(np.uint64),
                                empty_bytes(len(low))))


def _rounded(totals: np.ndarray, exponent: int) -> np.ndarray:
    rounded = np.empty(len(totals) // 2)
    round_totals(totals, exponent, rounded)
    return rounded


def _picked(totals: np.ndarray, groups: np.ndarray) -> np.ndarray:
    return totals.view(np.complex128)[groups].view(np.int64)    # complex only to move 16 bytes at once


def _replaced(count: int, places: np.ndarray) -> np.ndarray:
    """Positions that take the items behind the first `count` for those at `places`."""
    at = np.arange(count)
    at[places] = np.arange(count, count + len(places))
    return at


def _repeated(data: bytes, count: int) -> pa.Array:
    return pa.array([data], pa.large_binary()).take(pa.array(np.zeros(count, np.int64)))


def _read(array: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Wide integers as totals, 0 where they are too large; and where those are."""
    strings = StringBuffers(array)
    totals, failed = np.empty(2 * len(array), np.int64), np.empty(len(array) + 1, np.int64)
    found = read_totals(strings.wide, strings.data, totals, failed)
    return totals, failed[:found]


def _wide(totals: np.ndarray, group: int) -> int:
    return (int(totals[2 * group + 1]) << 64) + (int(totals[2 * group]) & 0xFFFFFFFFFFFFFFFF)


def _window_base(values: np.ndarray) -> int:
    """The lowest exponent of a window for values like these: it ends a little above the largest."""
    finite: Any = values[np.isfinite(values)]
    return _base_below(int(np.frexp(np.abs(finite).max())[1]) + 1022 if len(finite) else 1023)


def _base_below(largest: int) -> int:
    return max((largest + 7) // 8 * 8 + 4 - WINDOW, 1)


def _base_of_totals(totals: np.ndarray, unit: np.ndarray) -> int:
    """The lowest exponent of a window for totals in units of 2**unit: theirs, where they have one."""
    filled = totals.reshape(-1, 2).any(axis=1)
    units = np.unique(unit[filled])
    if len(units) == 1 and 0 < units[0] + FIRST_UNIT < 2047:
        return int(units[0]) + FIRST_UNIT
    if not len(units):
        return 0
    sizes = np.frexp(np.abs(_rounded(totals, 0)[filled]))[1]
    return _base_below(min(int((sizes + unit[filled]).max()) + 1022, 2046))
