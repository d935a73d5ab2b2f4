"""$sum: the exact sum of numbers, rounded once."""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self

from bson import Decimal128, Int64

from gatherum.functions.aggregate import Aggregate, AggregateState, Wide
from gatherum.types.exact import (
    DOUBLE_SCALE,
    double_units,
    exact_parts,
    round_decimal,
    scaled_decimal,
    split_decimal,
    units_to_decimal,
    units_to_double,
)
from gatherum.types.values import INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN, Value, integer

SAW_LONG: Final = 1
SAW_DOUBLE: Final = 2
SAW_DECIMAL: Final = 4
SAW_NAN: Final = 8
SAW_INFINITY: Final = 16
SAW_MINUS_INFINITY: Final = 32
NOT_FINITE: Final = SAW_NAN | SAW_INFINITY | SAW_MINUS_INFINITY

PENDING_LIMIT: Final = 512


class NumberTotal(AggregateState):
    """The exact total of numbers of all types.

    `integers` is the sum of ints and longs; `doubles` that of doubles, in units of 2**-1074, but of 2**`unit` in the
    portable form; that of decimals is `coefficient` * 10**`exponent`; `seen` holds the SAW_ bits; `numbers` counts
    them. Doubles wait in `_pending`.
    """

    integers: Wide = 0
    doubles: Wide = 0
    unit: int = 0
    coefficient: Wide = 0
    exponent: int = 0
    seen: int = 0
    numbers: int = 0
    _pending: list[float] | None

    def values(self) -> tuple[Any, ...]:
        """The fields' values, the doubles' total in the largest unit that holds it."""
        integers, doubles, _, *others = super().values()
        zeros = max((doubles & -doubles).bit_length() - 1, 0)
        return (integers, doubles >> zeros, zeros - DOUBLE_SCALE, *others)

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        """The state with these fields' values."""
        state = super().of(values)
        state.doubles <<= state.unit + DOUBLE_SCALE
        return state

    def add(self, value: Value) -> None:
        """Adds a number; anything else is passed over."""
        cls = type(value)
        if cls is int:
            self.integers += value
            if not INT32_MIN <= value <= INT32_MAX:
                self.seen |= SAW_LONG
        elif cls is float:
            if self._pending is None:
                self._pending = [value]
                self.seen |= SAW_DOUBLE
            else:
                self._pending.append(value)
                if len(self._pending) >= PENDING_LIMIT:
                    self.settle()
        elif cls is Int64:
            self.integers += int(value)
            self.seen |= SAW_LONG
        elif cls is Decimal128:
            self._add_decimal(value.to_decimal())
        else:
            return
        self.numbers += 1

    def add_many(self, values: Sequence[Value]) -> None:
        """Adds many values: the ints and the doubles in bulk."""
        kinds = set(map(type, values))
        if kinds == {int}:
            self._add_ints(values)
        elif kinds == {float}:
            self._add_doubles(values)
        elif kinds == {int, float}:
            self._add_ints([value for value in values if type(value) is int])
            self._add_doubles([value for value in values if type(value) is float])
        else:
            for value in values:
                self.add(value)

    def _add_ints(self, values: Sequence[int]) -> None:
        self.integers += sum(values)
        self.numbers += len(values)
        if min(values) < INT32_MIN or max(values) > INT32_MAX:
            self.seen |= SAW_LONG

    def _add_doubles(self, values: Sequence[float]) -> None:
        pending = self._pending = [] if self._pending is None else self._pending
        pending += values
        self.numbers += len(values)
        self.seen |= SAW_DOUBLE
        if len(pending) >= PENDING_LIMIT:
            self.settle()

    def _add_decimal(self, value: decimal.Decimal) -> None:
        self.seen |= SAW_DECIMAL
        if value.is_finite():
            self.add_scaled(*split_decimal(value))
        elif value.is_nan():
            self.seen |= SAW_NAN
        else:
            self.seen |= SAW_INFINITY if value > 0 else SAW_MINUS_INFINITY

    def add_scaled(self, coefficient: int, exponent: int) -> None:
        """Adds a decimal, coefficient * 10**exponent, that `numbers` counts elsewhere."""
        self.seen |= SAW_DECIMAL
        low = min(self.exponent, exponent)
        self.coefficient = self.coefficient * 10 ** (self.exponent - low) + coefficient * 10 ** (exponent - low)
        self.exponent = low

    def settle(self) -> None:
        """Adds the waiting doubles to the exact total."""
        if self._pending:
            try:
                self.doubles = self.doubles + sum(map(double_units, exact_parts(self._pending)))
            except (OverflowError, ValueError):
                self._add_singly(self._pending)
            self._pending.clear()

    def _add_singly(self, values: list[float]) -> None:
        """Adds doubles of which some are not finite, or so large that their sum is not."""
        for value in values:
            if math.isfinite(value):
                self.doubles = self.doubles + double_units(value)
            else:
                self.seen |= SAW_NAN if value != value else SAW_INFINITY if value > 0 else SAW_MINUS_INFINITY

    def absorb(self, other: NumberTotal) -> None:
        """Adds another total."""
        other.settle()
        self.integers = self.integers + other.integers
        self.doubles = self.doubles + other.doubles
        self.seen |= other.seen
        self.numbers += other.numbers
        if other.seen & SAW_DECIMAL:
            self.add_scaled(other.coefficient, other.exponent)

    def _special(self) -> float | None:
        """NaN or an infinity where the total is one."""
        bits = self.seen & NOT_FINITE
        if not bits:
            return None
        if bits == SAW_INFINITY:
            return math.inf
        return -math.inf if bits == SAW_MINUS_INFINITY else math.nan

    def double(self) -> float:
        """The total of ints, longs and doubles as the nearest double."""
        if self._pending and not self.doubles and not self.seen & NOT_FINITE and abs(self.integers) < 2**53:
            try:
                return math.fsum([*self._pending, self.integers])
            except (OverflowError, ValueError):
                pass                                        # infinities, or a sum that is only too large on the way
        self.settle()
        special = self._special()
        return units_to_double((self.integers << 1074) + self.doubles) if special is None else special

    def decimal(self) -> decimal.Decimal:
        """The whole total with all its digits."""
        self.settle()
        special = self._special()
        if special is not None:
            return decimal.Decimal(special)
        total = EXACT.add(scaled_decimal(self.coefficient, self.exponent), decimal.Decimal(self.integers))
        return EXACT.add(total, units_to_decimal(self.doubles)) if self.doubles else total

    def number(self) -> Value:
        """The total in the widest type seen: int, long (where an int is too small), double or decimal."""
        if self.seen & SAW_DECIMAL:
            return round_decimal(self.decimal())
        if self.seen & SAW_DOUBLE:
            return self.double()
        total = self.integers
        if not INT64_MIN <= total <= INT64_MAX:
            return float(total)
        return Int64(total) if self.seen & SAW_LONG else integer(total)


def add_to_each(totals: Iterable[NumberTotal], values: Sequence[Value]) -> None:
    """Adds each value to the total beside it."""
    kinds = set(map(type, values))
    if kinds == {int} and min(values) >= INT32_MIN and max(values) <= INT32_MAX:
        for total, value in zip(totals, values, strict=True):
            total.integers += value
            total.numbers += 1
    elif kinds == {float}:
        for total, value in zip(totals, values, strict=True):
            pending = total._pending
            if pending is None:
                total._pending = [value]
                total.seen |= SAW_DOUBLE
            else:
                pending.append(value)
                if len(pending) >= PENDING_LIMIT:
                    total.settle()
            total.numbers += 1
    else:
        for total, value in zip(totals, values, strict=True):
            total.add(value)


EXACT: Final = decimal.Context(prec=20000, Emin=-999999, Emax=999999)


class Sum(Aggregate):
    """The sum of the numbers; values that are not numbers are passed over, and the sum of none is 0.

    The sum is exact and rounded once. It is an int where all are ints and it fits 32 bits, else a long where all are
    ints and longs and it fits 64 bits, else a double; a decimal as soon as one value is a decimal.
    """

    name = "$sum"
    raises = False
    skips_nulls = True
    examples = (([1, 2, "x", None], 3), ([], 0), ([0.1] * 10, 1.0), ([1e100, 1.0, -1e100], 1.0))

    State = NumberTotal

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        state.add(value)

    def update_many(self, state: Any, values: Sequence[Value]) -> None:
        state.add_many(values)

    def update_each(self, states: Iterable[Any], values: Sequence[Value], ordinal: int = 0) -> None:
        add_to_each(states, values)

    def answers(self, groups: Sequence[int], values: Sequence[Value], count: int) -> list[Value]:
        kinds = set(map(type, values))
        if kinds == {int} and min(values) >= INT32_MIN and max(values) <= INT32_MAX:
            totals = [0] * count
            for group, value in zip(groups, values, strict=True):
                totals[group] += value
            return list(map(integer, totals))
        if kinds == {float}:
            terms = [[0.0] for _ in range(count)]
            for group, value in zip(groups, values, strict=True):
                terms[group].append(value)
            try:
                return list(map(math.fsum, terms))
            except (OverflowError, ValueError):
                pass                                        # infinities, or a sum that is only too large on the way
        return super().answers(groups, values, count)

    def merge(self, state: Any, other: Any) -> None:
        state.absorb(other)

    def finalize(self, state: Any) -> Value:
        return state.number()
