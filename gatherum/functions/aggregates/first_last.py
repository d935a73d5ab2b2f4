"""$first and $last: the value of the first or last row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.types.values import MISSING, Value


class Chosen(AggregateState):
    """The value of the row chosen so far and its ordinal; no row where `rows` is false."""

    rows: bool = False
    ordinal: int = 0
    value: Value = MISSING


class First(Aggregate):
    """The value of the first row; null where the value is missing or there is no row."""

    name = "$first"
    raises = False
    ordered = True
    examples = (([3, 1, 2], 3), ([], None), ([None, 1], None))

    State = Chosen

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if not state.rows or ordinal < state.ordinal:
            state.rows, state.ordinal, state.value = True, ordinal, value

    def update_ordered(self, state: Any, values: Sequence[Value], ordinals: Sequence[int]) -> None:
        self.update(state, values[0], ordinals[0])

    def merge(self, state: Any, other: Any) -> None:
        if other.rows:
            self.update(state, other.value, other.ordinal)

    def finalize(self, state: Any) -> Value:
        return None if state.value is MISSING else state.value


class Last(First):
    """The value of the last row; null where the value is missing or there is no row."""

    name = "$last"
    examples = (([3, 1, 2], 2), ([], None), ([1, None], None))

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if not state.rows or ordinal >= state.ordinal:
            state.rows, state.ordinal, state.value = True, ordinal, value

    def update_ordered(self, state: Any, values: Sequence[Value], ordinals: Sequence[int]) -> None:
        self.update(state, values[-1], ordinals[-1])
