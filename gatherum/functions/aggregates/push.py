"""$push and $concatArrays: values and arrays of all rows, in the order of the rows."""

from __future__ import annotations

from typing import Any

from gatherum.errors import OperatorError
from gatherum.functions.aggregate import Aggregate, AggregateState, Ranked
from gatherum.types.values import MISSING, Value, type_name


class Collected(AggregateState):
    """Values with the ordinals of their rows, in any order."""

    items: list[Ranked] = []


class Push(Aggregate):
    """An array of the values of all rows in the order of the rows; missing values are left out, nulls are not."""

    name = "$push"
    raises = False
    ordered = True
    examples = (([1, None, "a"], [1, None, "a"]), ([], []))

    State = Collected

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if value is not MISSING:
            state.items.append(Ranked(ordinal, value))

    def merge(self, state: Any, other: Any) -> None:
        state.items.extend(other.items)

    def finalize(self, state: Any) -> Value:
        return [item.value for item in sorted(state.items, key=_ordinal)]


class ConcatArrays(Push):
    """The arrays of all rows, one behind the other in the order of the rows; missing values are left out.

    A value that is neither an array nor missing is an error.
    """

    name = "$concatArrays"
    raises = True
    examples = (([[1], [2, 3]], [1, 2, 3]), ([], []))

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if value is MISSING:
            return
        if not isinstance(value, list):
            raise OperatorError(f"$concatArrays takes arrays, not {type_name(value)}", 14)
        state.items.append(Ranked(ordinal, value))

    def finalize(self, state: Any) -> Value:
        return [value for item in sorted(state.items, key=_ordinal) for value in item.value]


def _ordinal(item: Ranked) -> int:
    return item.ordinal
