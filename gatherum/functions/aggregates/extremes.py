"""$min and $max: the extreme values in BSON's order."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.types.order import order_key
from gatherum.types.representation import representation
from gatherum.types.values import MISSING, Value


class Extreme(AggregateState):
    """The extreme value so far, MISSING where there is none; `_key` is its order key."""

    value: Value = MISSING
    _key: Any


class _Extreme(Aggregate):
    """What $min and $max share; `sign` is 1 where larger values win."""

    skips_nulls = True
    raises = False
    sign: int

    State = Extreme

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if value is None or value is MISSING:
            return
        if state.value is MISSING:
            state.value, state._key = value, None
            return
        cls = type(value)
        if cls is type(state.value) and (cls is int or cls is str):
            if (value > state.value) == (self.sign > 0) and value != state.value:
                state.value, state._key = value, None
            return
        self._compare(state, value)

    def update_many(self, state: Any, values: Sequence[Value]) -> None:
        kinds = set(map(type, values))
        if kinds == {int} or kinds == {str} or (kinds == {float} and not math.isnan(sum(values)) and 0.0 not in values):
            values = [max(values) if self.sign > 0 else min(values)]
        super().update_many(state, values)

    def _compare(self, state: Any, value: Value) -> None:
        if state._key is None:
            state._key = order_key(state.value)
        key = order_key(value)
        if key == state._key:
            if representation(value) < representation(state.value):
                state.value = value
        elif (key > state._key) == (self.sign > 0):
            state.value, state._key = value, key

    def merge(self, state: Any, other: Any) -> None:
        self.update(state, other.value)

    def finalize(self, state: Any) -> Value:
        return None if state.value is MISSING else state.value


class Min(_Extreme):
    """The smallest value in BSON's order, nulls and missing values passed over; null where there is none.

    Of equal values of several types, the int is taken before the long, the double and the decimal.
    """

    name = "$min"
    sign = -1
    examples = (([3, 1, 2], 1), ([None], None), (["a", 5], 5))


class Max(_Extreme):
    """The largest value in BSON's order, nulls and missing values passed over; null where there is none.

    Of equal values of several types, the int is taken before the long, the double and the decimal.
    """

    name = "$max"
    sign = 1
    examples = (([3, 1, 2], 3), ([None], None), (["a", 5], "a"))
