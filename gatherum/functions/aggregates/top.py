"""$top: a value of the row that comes first in an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

from gatherum.errors import PipelineError
from gatherum.functions.aggregate import Aggregate, AggregateState
from gatherum.types.sort_key import Path, comparable_keys, key_columns
from gatherum.types.values import MISSING, Document, Value


class Placed(AggregateState):
    """The row chosen so far: its ordinal, the fields that it is ordered by, and its value; none where `rows` is
    false."""

    rows: bool = False
    ordinal: int = 0
    by: Value = MISSING
    value: Value = MISSING
    _key: Any


class Top(Aggregate):
    """The value of the row that comes first in an order of the rows, ties by their place in the input.

    It takes documents `{by: <the fields that the row is ordered by>, value: <any>}`; the parameter `sortBy` gives the
    order as $sort does. The optimizer makes it of $first after $sort; a pipeline cannot name it. It is null where the
    value is missing or there is no row.
    """

    name = "$top"
    raises = False
    ordered = True
    internal = True
    examples = (([{"by": {"at": 2}, "value": "a"}, {"value": "b"}], "a"), ([], None), ([{"by": {}}], None))

    State = Placed

    def __init__(self, sort_by: tuple[tuple[Path, bool], ...] = ()) -> None:
        """`sort_by` are paths, and whether larger values come first."""
        self.sort_by = sort_by
        self._paths = [path for path, _ in sort_by]
        self._descending = [descending for _, descending in sort_by]
        self._key_of = comparable_keys(self._paths, self._descending)

    def update(self, state: Any, value: Value, ordinal: int = 0) -> None:
        by = _by(value)
        self._offer(state, self._key_of(by), ordinal, by, value.get("value", MISSING) if isinstance(value, dict) else
                    MISSING)

    def update_ordered(self, state: Any, values: Sequence[Value], ordinals: Sequence[int]) -> None:
        keys = key_columns(_orders(values), self._paths, self._descending)
        chosen = self._first_of(keys, range(len(values)))
        self.update(state, values[chosen], ordinals[chosen])

    def _first_of(self, keys: list[list[Any]], rows: Sequence[int]) -> int:
        """The row that comes first in the order, of rows that ascend."""
        return self._extremes(keys, rows, last=False)[0]

    def _extremes(self, keys: list[list[Any]], rows: Sequence[int], *, last: bool) -> Sequence[int]:
        """The rows that have the first or last key."""
        for column, descending in zip(keys, self._descending, strict=True):
            left = column if len(rows) == len(column) else [column[row] for row in rows]
            extreme = (max if descending != last else min)(left)
            if left.count(extreme) == 1:
                return [rows[left.index(extreme)]]
            rows = [row for row, value in zip(rows, left, strict=True) if value == extreme]
        return rows

    def _offer(self, state: Any, key: Any, ordinal: int, by: Document, value: Value) -> None:
        """Chooses the row where it comes before the one chosen so far."""
        if not state.rows or self._is_before((key, ordinal), (self._key(state), state.ordinal)):
            state.rows, state.ordinal, state.by, state.value, state._key = True, ordinal, by, value, key

    def _key(self, state: Any) -> Any:
        if state._key is None:
            state._key = self._key_of(state.by)
        return state._key

    def _is_before(self, place: tuple[Any, int], other: tuple[Any, int]) -> bool:
        return place < other

    def merge(self, state: Any, other: Any) -> None:
        if other.rows:
            self._offer(state, self._key(other), other.ordinal, other.by, other.value)

    def finalize(self, state: Any) -> Value:
        return None if state.value is MISSING else state.value

    def parameters(self) -> dict[str, Value]:
        return {"sortBy": {".".join(path): -1 if descending else 1 for path, descending in self.sort_by}}

    @classmethod
    def with_parameters(cls, parameters: dict[str, Value]) -> Self:
        unknown = parameters.keys() - {"sortBy"}
        if unknown:
            raise PipelineError(f"{cls.name} takes no parameter {min(unknown)!r}")
        return cls(tuple((tuple(path.split(".")), direction < 0)
                         for path, direction in parameters.get("sortBy", {}).items()))


def _by(value: Value) -> Document:
    """The fields that a row is ordered by."""
    by = value.get("by") if isinstance(value, dict) else None
    return by if isinstance(by, dict) else {}


def _orders(values: Sequence[Value]) -> list[Document]:
    """The fields that each row is ordered by."""
    try:
        found = [value["by"] for value in values]
    except (KeyError, TypeError):
        found = []
    return found if set(map(type, found)) == {dict} else [_by(value) for value in values]
