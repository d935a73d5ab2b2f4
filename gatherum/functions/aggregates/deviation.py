"""$stdDevPop and $stdDevSamp: standard deviations, from exact sums."""

from __future__ import annotations

import math
from typing import Any

from bson import Decimal128, Int64

from gatherum.functions.aggregate import Aggregate, AggregateState, Wide
from gatherum.types.exact import DOUBLE_SCALE, double_units
from gatherum.types.numbers import as_double
from gatherum.types.values import Value


class Moments(AggregateState):
    """How many numbers, their sum in units of 2**-1074, and the sum of their squares in units of 2**-2148.

    `not_finite` tells that one of them was NaN or infinite.
    """

    numbers: int = 0
    total: Wide = 0
    squares: Wide = 0
    not_finite: bool = False

    def variance(self, divisor: int) -> float:
        """The sum of the squared distances from the mean, divided by `divisor`, rounded once; NaN where no double
        holds it."""
        spread = self.numbers * self.squares - self.total * self.total
        try:
            return spread / (self.numbers * divisor << 2 * DOUBLE_SCALE)
        except OverflowError:
            return math.nan


class StdDevPop(Aggregate):
    """The population standard deviation of the numbers, as a double; null where there is none.

    Values that are not numbers are passed over; longs and decimals are taken as the nearest double.
    """

    name = "$stdDevPop"
    raises = False
    skips_nulls = True
    examples = (([1, 3], 1.0), ([5], 0.0), ([], None))

    State = Moments

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        cls = type(value)
        if cls is not Decimal128 and cls is not float and cls is not int and cls is not Int64:
            return
        state.numbers += 1
        number = as_double(value)
        if math.isfinite(number):
            units = double_units(number)
            state.total += units
            state.squares += units * units
        else:
            state.not_finite = True

    def merge(self, state: Any, other: Any) -> None:
        state.numbers += other.numbers
        state.total += other.total
        state.squares += other.squares
        state.not_finite = state.not_finite or other.not_finite

    def finalize(self, state: Any) -> Value:
        return self._deviation(state, state.numbers)

    def _deviation(self, state: Any, divisor: int) -> Value:
        if divisor < 1:
            return None
        return math.nan if state.not_finite else math.sqrt(state.variance(divisor))


class StdDevSamp(StdDevPop):
    """The sample standard deviation of the numbers, as a double; null where there are fewer than two.

    Values that are not numbers are passed over; longs and decimals are taken as the nearest double.
    """

    name = "$stdDevSamp"
    examples = (([1, 3], math.sqrt(2)), ([5], None), ([], None))

    def finalize(self, state: Any) -> Value:
        return self._deviation(state, state.numbers - 1)
