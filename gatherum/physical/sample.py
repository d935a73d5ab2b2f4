"""Sample: rows drawn by a seeded hash of their numbers in the input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import pyarrow as pa
from bson import Int64

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.column import Column
from gatherum.kernels.gathering import Rows
from gatherum.kernels.number_hashes import hashes_of_numbers
from gatherum.kernels.sorting import SortColumn
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.physical.sorter import Sorter
from gatherum.plan.nodes import Sample


class SampleOperator(Operator):
    """Keeps the rows with the smallest hashes, in the order of these."""

    spread = "ordered"

    def __init__(self, node: Sample, context: QueryContext) -> None:
        super().__init__(node, context)
        self.seed = node.seed
        self.seen = 0
        self.sorter = Sorter("Sample", self._keys, [False], node.count, context, self.metrics)

    def _keys(self, rows: Rows) -> list[SortColumn]:
        return [Column(pa.array(hashes_of_numbers(self.seed, rows.ordinals)))]

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        self.sorter.add(Rows(batch, np.arange(self.seen, self.seen + batch.rows)))
        self.seen += batch.rows
        return ()

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`."""
        return self.sorter.finish()

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        held = self.sorter.snapshot()
        return Snapshot(rows=held.rows, values={**held.values, "seen": Int64(self.seen)})

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.sorter.restore(snapshot)
        self.seen = int(snapshot.values["seen"])

    def close(self) -> None:
        """As `Operator.close`."""
        self.sorter.close()
