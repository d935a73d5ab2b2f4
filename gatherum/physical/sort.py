"""Sort: the rows in order, or the first of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.gathering import rows_of
from gatherum.kernels.sort_keys import sort_keys
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.physical.sorter import Sorter
from gatherum.plan.nodes import Sort
from gatherum.types.order import OrderKey


class SortOperator(Operator):
    """Sorts rows, ties by ordinal; without keys it restores the order of the input."""

    spread = "partial"

    def __init__(self, node: Sort, context: QueryContext) -> None:
        super().__init__(node, context)
        self.sorter = Sorter("Sort", lambda rows: sort_keys(rows.batch, node.keys, self.evaluation),
                             [key.descending for key in node.keys], node.limit, context, self.metrics)

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        self.sorter.add(rows_of(batch))
        return ()

    def bound(self) -> OrderKey | None:
        """The first key of the last row that is in the result as far as this operator knows; None while any may be."""
        return self.sorter.bound()

    def absorb(self, other: SortOperator) -> None:
        """As `Operator.absorb`."""
        self.sorter.absorb(other.sorter)

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`."""
        return self.sorter.finish()

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        return self.sorter.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.sorter.restore(snapshot)

    def close(self) -> None:
        """As `Operator.close`."""
        self.sorter.close()
