"""$count: how many rows there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.types.values import INT32_MAX, Value, integer


class Count(Aggregate):
    """The number of rows, whatever their values. An int, or a long where it does not fit 32 bits."""

    name = "$count"
    raises = False
    accepts_nothing = True
    examples = (([1, None, "a"], 3), ([], 0))

    class State(AggregateState):
        rows: int = 0

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        state.rows += 1

    def update_many(self, state: Any, values: Sequence[Value]) -> None:
        state.rows += len(values)

    def update_each(self, states: Iterable[Any], values: Sequence[Value], ordinal: int = 0) -> None:
        for state in states:
            state.rows += 1

    def answers(self, groups: Sequence[int], values: Sequence[Value], count: int) -> list[Value]:
        counts = map(Counter(groups).__getitem__, range(count))
        return list(counts if len(groups) <= INT32_MAX else map(integer, counts))

    def merge(self, state: Any, other: Any) -> None:
        state.rows += other.rows

    def finalize(self, state: Any) -> Value:
        return integer(state.rows)
