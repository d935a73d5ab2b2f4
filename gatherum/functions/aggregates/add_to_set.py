"""$addToSet: the distinct values."""

from __future__ import annotations

from typing import Any

from gatherum.functions.aggregate import Aggregate, AggregateState, Ranked
from gatherum.types.order import group_key, order_key
from gatherum.types.values import MISSING, Value


class Distinct(AggregateState):
    """Distinct values, each with the ordinal of the first row that has it; `_by_key` finds them."""

    items: list[Ranked] = []
    _by_key: dict[Any, Ranked] | None

    def index(self) -> dict[Any, Ranked]:
        """The values by their group keys; from here on `items` is stale until `settle`."""
        if self._by_key is None:
            self._by_key = {group_key(item.value): item for item in self.items}
        return self._by_key

    def settle(self) -> None:
        """Writes the values back into `items`."""
        if self._by_key is not None:
            self.items = list(self._by_key.values())
            self._by_key = None


class AddToSet(Aggregate):
    """An array of the distinct values, in BSON's order; missing values are left out, nulls are not.

    Equal values of several types, such as 1 and 1.0, are one: that of the first row.
    """

    name = "$addToSet"
    raises = False
    ordered = True
    examples = (([2, 1, 2, None], [None, 1, 2]), ([1.0, 1], [1.0]), ([], []))

    State = Distinct

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if value is not MISSING:
            self._add(state.index(), group_key(value), Ranked(ordinal, value))

    def _add(self, index: dict[Any, Ranked], key: Any, item: Ranked) -> None:
        held = index.setdefault(key, item)
        if item.ordinal < held.ordinal:
            index[key] = item

    def merge(self, state: Any, other: Any) -> None:
        index = state.index()
        for key, item in list(other.index().items()):
            self._add(index, key, item)

    def finalize(self, state: Any) -> Value:
        return sorted([item.value for item in state.index().values()], key=order_key)
