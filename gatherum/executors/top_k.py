"""Which partitions may still add to the first rows of a sort, told by what their statistics say of the sort key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gatherum.kernels.columns.batch import MAX_ROWS
from gatherum.kernels.pruning import NAN_KEY, Values, ValuesAt
from gatherum.physical.lower import Fragment
from gatherum.physical.sort import SortOperator
from gatherum.plan.analysis import node_may_raise
from gatherum.plan.nodes import Filter, Scan, Sort
from gatherum.types.order import NULL_KEY, OrderKey


class TopK:
    """The first rows of a sort, which any number of threads look for.

    Partitions are read from the most promising on; one that cannot hold a row before the last of those found is not
    read. The rows are the same whatever the threads had found when they asked.
    """

    def __init__(self, sort: Sort) -> None:
        self.sort = sort
        self.bound: OrderKey | None = None

    @classmethod
    def of(cls, fragment: Fragment) -> TopK | None:
        """That of a fragment; None where all its partitions have to be read."""
        last = fragment.last
        if last is None or last.operator is not SortOperator or not isinstance(fragment.input, Scan):
            return None
        sort: Any = last.node
        plain = all(isinstance(step.node, Filter) and not node_may_raise(step.node) for step in fragment.chain)
        return cls(sort) if plain and sort.keys and sort.limit is not None and 0 < sort.limit <= MAX_ROWS else None

    def in_order(self, shares: Sequence[Sequence[Any]]) -> list[int]:
        """The numbers of shares of partitions: those of which nothing is known, then the most promising first."""
        best = {number: self._best(share) for number, share in enumerate(shares)}
        known = {number: key for number, key in best.items() if key is not None}
        return [*(number for number in best if number not in known),
                *sorted(known, key=known.__getitem__, reverse=self.sort.keys[0].descending)]

    def needs(self, partitions: Sequence[Any]) -> bool:
        """Whether some of these partitions may hold one of the first rows."""
        best = None if self.bound is None else self._best(partitions)
        if self.bound is None or best is None:
            return True
        return best >= self.bound if self.sort.keys[0].descending else best <= self.bound

    def found(self, operator: Any) -> None:
        """Takes note of what a thread's sort has found."""
        bound = operator.bound()
        if bound is not None and (self.bound is None or (
                bound > self.bound if self.sort.keys[0].descending else bound < self.bound)):
            self.bound = bound

    def _best(self, partitions: Sequence[Any]) -> OrderKey | None:
        """The key that a row of these partitions would have to come first; None where it may have any."""
        known: list[ValuesAt] = [values for partition in partitions for values in getattr(partition, "values", ())]
        keys = [self._first_key([values(key.path) for key in self.sort.keys]) for values in known]
        if not keys or None in keys:
            return None
        found = [key for key in keys if key is not None]
        return max(found) if self.sort.keys[0].descending else min(found)

    def _first_key(self, values: Sequence[Values]) -> OrderKey | None:
        """As `_best` for one row group; where arrays may be, sorting by several keys may be an error, too."""
        if any(each.inside_arrays or (each.rank is None and each.solid) for each in values):
            return None
        first = values[0]
        if not first.solid:
            return NULL_KEY
        if self.sort.keys[0].descending:
            return first.high
        if first.nullish:
            return NULL_KEY
        return NAN_KEY if first.nan else first.low
