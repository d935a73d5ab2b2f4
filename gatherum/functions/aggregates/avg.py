"""$avg: the mean of numbers."""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Sequence
from typing import Any

from gatherum.functions.aggregate import Aggregate
from gatherum.functions.aggregates.sum import SAW_DECIMAL, NumberTotal, add_to_each
from gatherum.types.exact import DECIMAL128, round_decimal
from gatherum.types.values import Value


class Average(Aggregate):
    """The mean of the numbers: their exact sum, rounded once, divided by their count; the mean of none is null.

    Values that are not numbers are passed over. The mean is a double, or a decimal where one value is a decimal; it is
    infinite where the sum is beyond that type.
    """

    name = "$avg"
    raises = False
    skips_nulls = True
    examples = (([1, 2, "x", None], 1.5), ([], None), ([2], 2.0))

    State = NumberTotal

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        state.add(value)

    def update_many(self, state: Any, values: Sequence[Value]) -> None:
        state.add_many(values)

    def update_each(self, states: Iterable[Any], values: Sequence[Value], ordinal: int = 0) -> None:
        add_to_each(states, values)

    def merge(self, state: Any, other: Any) -> None:
        state.absorb(other)

    def finalize(self, state: Any) -> Value:
        if not state.numbers:
            return None
        if state.seen & SAW_DECIMAL:
            return round_decimal(DECIMAL128.divide(state.number().to_decimal(), decimal.Decimal(state.numbers)))
        return state.double() / state.numbers
