"""$sum and $avg over columns: for each group a total of integers, one of doubles and one of decimals, and Python totals
beside them for what none of these holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.sum import NOT_FINITE, SAW_DECIMAL, SAW_DOUBLE, SAW_LONG, NumberTotal
from gatherum.kernels.assemble import join
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.types import DECIMAL128
from gatherum.kernels.columns.variant import parts, to_variant
from gatherum.kernels.decimals import scaled_decimals
from gatherum.kernels.kinds import kind_of
from gatherum.kernels.states.additions import Additions
from gatherum.kernels.states.base import States
from gatherum.kernels.states.counted import CountedStates, RowCounts
from gatherum.kernels.states.doubles import DoubleTotals
from gatherum.kernels.states.integers import IntegerTotals
from gatherum.kernels.states.marks import Marks
from gatherum.kernels.states.portable import (
    portable_column,
    state_type,
    states_of,
    wide_array,
    wide_bytes,
)
from gatherum.kernels.states.rest import Rest
from gatherum.kernels.states.slot_words import LazyWords
from gatherum.kernels.totals import NO_ROWS, merge_totals
from gatherum.kernels.wide import any_word, means, picked, read_wide, rounded, sums, wide_integer
from gatherum.types.values import BsonType

_INT, _LONG, _DOUBLE = pa.int32(), pa.int64(), pa.float64()


class Totals(CountedStates):
    """The states of $sum and $avg.

    `whole`, `fraction` and `scaled` hold the totals of integers, of doubles, and of decimals in units of 10**exponent.
    `seen` holds the SAW_ bits of what is in them. A group's number of numbers is that of its rows plus `extra`. `rest`
    holds the totals of other decimals and of doubles outside the window, by group.
    """

    serves = ("$sum", "$avg")
    how = "exact sums in compiled kernels"

    def __init__(self, aggregate: Aggregate, rows: RowCounts | None = None) -> None:
        super().__init__(aggregate, rows)
        self.rest = Rest()
        self.whole = IntegerTotals()
        self.fraction = DoubleTotals(self.rest)
        self.scaled = IntegerTotals()
        self.exponent: int | None = None
        self.extra = LazyWords()
        self.seen = Marks()

    def grow(self, size: int) -> None:
        """As `States.grow`."""
        for held in (self.whole, self.fraction, self.scaled, self.extra, self.seen):
            held.grow(size)
        super().grow(size)

    def add(self, additions: Additions, column: Column, ordinal: int) -> States:
        """As `States.add`."""
        if column.is_variant or kind_of(column) is None:
            self._add_variant(additions, to_variant(column))
            return self
        array, kind = column.array, column.array.type
        chosen = array.is_valid().to_numpy(zero_copy_only=False).view(np.uint8) if array.null_count else NO_ROWS
        mark = 0
        if kind in (_INT, _LONG):
            self.whole.add(additions, array, chosen)
            mark = SAW_LONG if kind == _LONG else 0
        elif kind == _DOUBLE:
            self.fraction.add(additions, array, chosen)
            mark = SAW_DOUBLE
        elif pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind):
            chosen = np.zeros(len(array), np.uint8)
        elif kind == DECIMAL128 and self._add_decimals(additions, array, chosen):
            mark = SAW_DECIMAL
        else:
            chosen = self.rest.add_decimals(additions.slots, column)
        self.seen.mark(additions.slots, mark, chosen)
        if len(chosen):
            additions.count(self.extra.held(), -1, 1 - chosen)
        return self

    def takes_repeats(self, column: Column) -> bool:
        """As `States.takes_repeats`: ints times a count of rows are longs, and what is no number adds nothing."""
        if column.is_variant:
            return False
        kind = column.array.type
        return kind == _INT or pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_boolean(kind)

    def _add_variant(self, additions: Additions, column: Column) -> None:
        types, words, _ = parts(column)
        words = np.ascontiguousarray(words)
        long, double, decimal = (types == kind for kind in (BsonType.LONG, BsonType.DOUBLE, BsonType.DECIMAL))
        whole = (types == BsonType.INT) | long
        if whole.any():
            self.whole.add(additions, words.view(np.int64), whole.view(np.uint8))
        if double.any():
            self.fraction.add(additions, words.view(np.float64), double.view(np.uint8))
        if decimal.any():
            rows = np.flatnonzero(decimal)
            self.rest.add_decimals(additions.slots[rows], column.take(rows))
        for mark, rows in ((SAW_LONG, long), (SAW_DOUBLE, double)):
            self.seen.mark(additions.slots, mark, rows.view(np.uint8))
        numbers = whole | double | decimal
        if not numbers.all():
            additions.count(self.extra.held(), -1, (~numbers).view(np.uint8))

    def _add_decimals(self, additions: Additions, array: pa.Array, chosen: np.ndarray) -> bool:
        """Adds decimals, where all have the exponent of those before."""
        if array.null_count == len(array):
            return True
        scaled = scaled_decimals(array)
        if scaled is None or self.exponent not in (None, scaled.exponent):
            return False
        self.exponent = scaled.exponent
        self.scaled.add(additions, scaled.coefficients, chosen)
        return True

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
                self.rest.of(slot).absorb(state)
            plain = np.delete(np.arange(len(slots)), special)
            return self.absorb(slots[plain], states.take(pa.array(plain)))
        self._merge_whole(slots, whole)
        self.fraction.merge(slots, fraction, unit)
        self.extra.add(slots, fields["numbers"].to_numpy())
        for mark in (SAW_LONG, SAW_DOUBLE):
            self.seen.mark(slots, mark, (seen & mark).astype(np.uint8))
        return self

    def _merge_whole(self, slots: np.ndarray, totals: np.ndarray) -> None:
        for row in self.whole.merge(slots, totals).tolist():
            self.rest.of(int(slots[row])).integers += wide_integer(totals, row)

    def _merge_scaled(self, slots: np.ndarray, totals: np.ndarray) -> None:
        for row in self.scaled.merge(slots, totals).tolist():
            self.rest.of(int(slots[row])).add_scaled(wide_integer(totals, row), self.exponent or 0)

    def merge(self, slots: np.ndarray, other: States) -> States:
        """As `States.merge`."""
        if not isinstance(other, Totals):
            return super().merge(slots, other)
        groups = np.arange(len(slots))
        if other.whole:
            self._merge_whole(slots, other.whole.of(groups))
        self.fraction.merge(slots, other.fraction.of(groups), np.array([other.fraction.unit]))
        if self.exponent in (None, other.exponent):
            self.exponent = other.exponent
            if other.scaled:
                self._merge_scaled(slots, other.scaled.of(groups))
        else:
            other._move_decimals()
        self.merge_counts(slots, other)
        self.extra.merge(slots, other.extra)
        self.seen.merge(slots, other.seen)
        self.rest.merge(slots, other.rest)
        return self

    def _move_decimals(self) -> None:
        """Moves what is in `scaled` to `rest`."""
        for group in np.flatnonzero(self._decimal(np.arange(self.size))).tolist():
            self.rest.of(group).add_scaled(self.scaled.total(group), self.exponent or 0)
        self.scaled, self.exponent = IntegerTotals(), None
        self.scaled.grow(self.size)
        self.seen.clear(SAW_DECIMAL)

    def numbers(self, groups: np.ndarray) -> np.ndarray:
        """How many numbers these groups have, those of `rest` aside that came in states."""
        return self.rows.counts[groups] + self.extra.of(groups)

    def _total(self, group: int) -> NumberTotal:
        """One group's state as the aggregate defines it."""
        total = self._odd(group)
        total.integers += self.whole.total(group)
        total.doubles += self.fraction.total(group)
        total.numbers += int(self.numbers(np.array([group]))[0])
        total.seen |= int(self.seen.of(np.array([group]))[0])
        return total

    def _odd(self, group: int) -> NumberTotal:
        """Of one group's state what kernels only add to: decimals, and the rest."""
        total = NumberTotal()
        if self._decimal(np.array([group]))[0]:
            total.add_scaled(self.scaled.total(group), self.exponent or 0)
        self.rest.copy_to(total, group)
        return total

    def _decimal(self, groups: np.ndarray) -> np.ndarray:
        """Which groups have something in `scaled`."""
        return (self.seen.of(groups) & SAW_DECIMAL) != 0

    def export(self, groups: np.ndarray) -> pa.StructArray:
        """As `States.export`."""
        count = len(groups)
        fields = {
            "integers": wide_array(self.whole.of(groups)),
            "doubles": wide_array(self.fraction.of(groups)),
            "unit": pa.array(np.full(count, self.fraction.unit)), "coefficient": _repeated(wide_bytes(0), count),
            "exponent": pa.array(np.zeros(count, np.int64)), "seen": pa.array(self.seen.of(groups).astype(np.int64)),
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
        """The places of the groups that have more than `whole` and `fraction`."""
        return np.flatnonzero(self.rest.holds(groups) | self._decimal(groups))

    def finalize(self, groups: np.ndarray) -> Column:
        """As `States.finalize`: by kernels, except for groups with a Python total, and those whose integers do not fit
        the window of their doubles."""
        whole, fraction = self.whole.of(groups), self.fraction.of(groups)
        seen = self.seen.of(groups)
        fractional = (seen & SAW_DOUBLE) != 0
        special = self._special(groups)
        mixed = np.flatnonzero(fractional & any_word(whole))
        if len(mixed):
            failed = np.empty(len(mixed) + 1, np.int64)
            found = merge_totals(mixed.astype(np.int32), picked(whole, mixed), np.array([-self.fraction.unit]),
                                 fraction, failed)
            special = np.union1d(special, mixed[failed[:found]])
        doubles = rounded(fraction, self.fraction.unit) if fractional.any() else np.zeros(len(groups))
        if self.aggregate.name == "$avg":
            totals = doubles if fractional.all() else np.where(fractional, doubles, rounded(whole, 0))
            made = means(totals, self.numbers(groups))
        else:
            made = sums(whole, doubles, fractional, (seen & SAW_LONG) != 0)
        if not len(special):
            return made
        values = [self.aggregate.finalize(self._total(group)) for group in groups[special].tolist()]
        if len(special) == len(groups):
            return column_of(values)
        return join([made, column_of(values)]).take(_replaced(len(groups), special))

    @property
    def nbytes(self) -> int:
        """The bytes of the arrays, and an estimate for the rest."""
        rows = self.rows.nbytes if self._owns_rows else 0
        held = (self.whole, self.fraction, self.scaled, self.extra, self.seen, self.rest)
        return rows + sum(part.nbytes for part in held)


def _replaced(count: int, places: np.ndarray) -> np.ndarray:
    """Positions that take the items behind the first `count` for those at `places`."""
    at = np.arange(count)
    at[places] = np.arange(count, count + len(places))
    return at


def _repeated(data: bytes, count: int) -> pa.Array:
    return pa.array([data], pa.large_binary()).take(pa.array(np.zeros(count, np.int64)))
