"""$bottom: a value of the row that comes last in an order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatherum.functions.aggregates.top import Top


class Bottom(Top):
    """The value of the row that comes last in an order of the rows, ties by their place in the input.

    It takes what $top takes. The optimizer makes it of $last after $sort; a pipeline cannot name it. It is null where
    the value is missing or there is no row.
    """

    name = "$bottom"
    examples = (([{"by": {"at": 2}, "value": "a"}, {"value": "b"}], "b"), ([], None), ([{"by": {}}], None))

    def _is_before(self, place: tuple[Any, int], other: tuple[Any, int]) -> bool:
        return place > other

    def _first_of(self, keys: list[list[Any]], rows: Sequence[int]) -> int:
        return self._extremes(keys, rows, last=True)[-1]
