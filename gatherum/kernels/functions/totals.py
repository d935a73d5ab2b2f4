"""$sum and $avg over columns: one 128-bit total of integers and one of doubles a group, and Python totals beside them
for what neither holds."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
from bson import Decimal128

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.sum import NOT_FINITE, SAW_DECIMAL, SAW_DOUBLE, SAW_LONG, NumberTotal
from gatherum.kernels.assemble import join
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DECIMAL128
from gatherum.kernels.columns.variant import parts
from gatherum.kernels.decimals import scaled_decimals
from gatherum.kernels.scratch import Scratch, padded
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import CountedStates, RowCounts
from gatherum.kernels.states.portable import (
    portable_column,
    state_type,
    states_of,
    wide_array,
    wide_bytes,
)
from gatherum.kernels.totals import (
    NO_ROWS,
    add_doubles,
    add_integers,
    count_rows,
    mark_groups,
    merge_totals,
)
from gatherum.kernels.wide import (
    FIRST_UNIT,
    WINDOW,
    WINDOW_ROWS,
    any_word,
    base_of_totals,
    means,
    picked,
    read_wide,
    rounded,
    sums,
    wide_integer,
    window_base,
)
from gatherum.kernels.words import integers
from gatherum.types.exact import DOUBLE_SCALE
from gatherum.types.values import BsonType

_NO_PLACES: Final = np.empty(0, np.int64)


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
        elif kind != DECIMAL128 or not self._add_decimals(slots, array, chosen):
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
            self.base = window_base(values if not len(chosen) else values[chosen.view(np.bool_)])
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
        for group in np.flatnonzero(any_word(self.fraction)).tolist():
            total = NumberTotal()
            total.doubles = wide_integer(self.fraction, group) << self.base - 1
            self._rest_of(group).absorb(total)
        self.fraction[:] = 0
        self.window_rows = 0

    def _rest_of(self, group: int) -> NumberTotal:
        total = self.rest.get(group)
        if total is None:
            total = self.rest[group] = NumberTotal()
        return total

    def _add_decimals(self, slots: np.ndarray, array: pa.Array, chosen: np.ndarray) -> bool:
        """Adds decimals that have one exponent, a group's together; False where they have several."""
        scaled = scaled_decimals(array)
        if scaled is None:
            return False
        groups, positions = np.unique(slots if not len(chosen) else slots[chosen.view(np.bool_)], return_inverse=True)
        coefficients = scaled.coefficients if not len(chosen) else scaled.coefficients[chosen.view(np.bool_)]
        totals = np.zeros(2 * len(groups), np.int64)
        add_integers(positions.astype(np.int32), coefficients, NO_ROWS, totals)
        for place, group in enumerate(groups.tolist()):
            self._rest_of(group).add_scaled(wide_integer(totals, place), scaled.exponent)
        return True

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
        whole, wide_whole = read_wide(fields["integers"])
        fraction, wide_fraction = read_wide(fields["doubles"])
        special = np.union1d(np.flatnonzero(seen & (SAW_DECIMAL | NOT_FINITE)), np.union1d(wide_whole, wide_fraction))
        if len(special):
            for slot, state in zip(slots[special].tolist(), states_of(self.aggregate, states.take(pa.array(special))),
                                   strict=True):
                self._rest_of(slot).absorb(state)
            plain = np.delete(np.arange(len(slots)), special)
            return self.absorb(slots[plain], states.take(pa.array(plain)))
        if not self.base:
            self.base = base_of_totals(fraction, unit)
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
                    total.integers = wide_integer(totals, row)
                else:
                    total.doubles = wide_integer(totals, row) << int(unit[row if len(unit) > 1 else 0]) + DOUBLE_SCALE
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
        total.integers = wide_integer(self.whole, group)
        if self.base:
            total.doubles = wide_integer(self.fraction, group) << self.base - 1
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
            "integers": wide_array(picked(self.whole, groups)), "doubles": wide_array(picked(self.fraction, groups)),
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
        whole, fraction = picked(self.whole, groups), picked(self.fraction, groups)
        fractional = (self.seen[groups] & SAW_DOUBLE) != 0
        special = self._special(groups)
        mixed = np.flatnonzero(fractional & any_word(whole))
        if len(mixed):
            failed = np.empty(len(mixed) + 1, np.int64)
            found = merge_totals(mixed.astype(np.int32), picked(whole, mixed), np.array([FIRST_UNIT - self.base]),
                                 fraction, failed)
            special = np.union1d(special, mixed[failed[:found]])
        doubles = rounded(fraction, self.base - FIRST_UNIT) if fractional.any() else np.zeros(len(groups))
        if self.aggregate.name == "$avg":
            totals = doubles if fractional.all() else np.where(fractional, doubles, rounded(whole, 0))
            made = means(totals, self.numbers(groups))
        else:
            made = sums(whole, doubles, fractional, (self.seen[groups] & SAW_LONG) != 0)
        if not len(special):
            return made
        values = [self.aggregate.finalize(self._total(group)) for group in groups[special].tolist()]
        return join([made, column_of(values)]).take(_replaced(len(groups), special))

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays, and an estimate for the rest."""
        rows = self.rows.nbytes if self._owns_rows else 0
        return rows + 41 * len(self.seen) + 500 * len(self.rest) + self.scratch.nbytes


def _replaced(count: int, places: np.ndarray) -> np.ndarray:
    """Positions that take the items behind the first `count` for those at `places`."""
    at = np.arange(count)
    at[places] = np.arange(count, count + len(places))
    return at


def _repeated(data: bytes, count: int) -> pa.Array:
    return pa.array([data], pa.large_binary()).take(pa.array(np.zeros(count, np.int64)))
