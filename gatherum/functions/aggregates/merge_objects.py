"""$mergeObjects: one document of the fields of all rows' documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from gatherum.errors import OperatorError
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.types.values import MISSING, Value, type_name


class Merged(AggregateState):
    """Each field's name with [ordinal and position of its first appearance, ordinal of its last, last value]."""

    merged: Value = MISSING


class MergeObjects(Aggregate):
    """The documents of all rows merged: of a field that several have, the last row's value, at the first's place.

    Nulls and missing values are passed over; any other value that is not a document is an error.
    """

    name = "$mergeObjects"
    ordered = True
    skips_nulls = True
    examples = (([{"a": 1, "b": 2}, {"c": 4, "a": 3}], {"a": 3, "b": 2, "c": 4}), ([], {}))

    State = Merged

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        if value is None or value is MISSING:
            return
        if not isinstance(value, Mapping):
            raise OperatorError(f"$mergeObjects requires object inputs, but got {type_name(value)}", 5911200)
        fields = {name: (ordinal, position, ordinal, item) for position, (name, item) in enumerate(value.items())}
        self._absorb(state, fields)

    def _absorb(self, state: Any, fields: Mapping[str, Sequence[Any]]) -> None:
        held = state.merged = {} if state.merged is MISSING else state.merged
        for name, (first, position, last, item) in fields.items():
            known = held.get(name)
            if known is None:
                held[name] = [first, position, last, item]
                continue
            if (first, position) < (known[0], known[1]):
                known[0], known[1] = first, position
            if last >= known[2]:
                known[2], known[3] = last, item

    def merge(self, state: Any, other: Any) -> None:
        if other.merged is not MISSING:
            self._absorb(state, other.merged)

    def finalize(self, state: Any) -> Value:
        if state.merged is MISSING:
            return {}
        placed = sorted(state.merged.items(), key=lambda field: (field[1][0], field[1][1]))
        return {name: item for name, (_, _, _, item) in placed}
