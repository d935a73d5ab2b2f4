"""BucketAuto: rows sorted by a key and cut into buckets of nearly equal size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.fields import missing_to_null
from gatherum.kernels.gathering import rows_of
from gatherum.kernels.group_table import GroupTable
from gatherum.kernels.state_batch import StateSchema
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.physical.sorter import Sorter
from gatherum.plan.nodes import BucketAuto
from gatherum.rows.nodes.bucket_auto import cut
from gatherum.rows.nodes.granularity import check_roundable
from gatherum.types.values import Value

BLOCKS_KEPT: Final = 4
BLOCK_ROWS: Final = 64


class BucketAutoOperator(Operator):
    """Sorts the rows by the key, chooses the bounds from the sorted keys, and aggregates each bucket in this order."""

    spread = "partial"

    def __init__(self, node: BucketAuto, context: QueryContext) -> None:
        super().__init__(node, context)
        self.buckets = node
        self.key = self.evaluation.compile(node.key)
        self.arguments = [self.evaluation.compile(call.argument) for _, call in node.aggregates]
        self.sorter = Sorter("BucketAuto", lambda rows: [self._keys(rows.batch)], [False], None, context, self.metrics)

    def _keys(self, batch: Batch) -> Column:
        return missing_to_null(self.key.column(batch))

    def process(self, batch: Batch) -> Iterable[Batch]:
        """As `Operator.process`."""
        if self.buckets.granularity is not None:
            for value in values_of(self._keys(batch)):
                check_roundable(value)
        self.sorter.add(rows_of(batch))
        return ()

    def absorb(self, other: BucketAutoOperator) -> None:
        """As `Operator.absorb`."""
        self.sorter.absorb(other.sorter)

    def finish(self) -> Iterator[Batch]:
        """As `Operator.finish`: the sorted rows are gone through twice, for the bounds and for the aggregates."""
        in_order = self._in_order()
        keys: Any = _Values([self._keys(batch) for batch in in_order()])
        if not len(keys):
            return
        found = cut(keys, self.buckets)
        ends = np.array([bucket.end for bucket in found])
        schema = StateSchema(None, tuple((name, call.build()) for name, call in self.buckets.aggregates))
        table = GroupTable(schema, self.context.compiled())
        position = 0
        for batch in in_order():
            numbers = np.searchsorted(ends, np.arange(position, position + batch.rows), side="right")
            table.update([Column(pa.array(numbers))], [part.column(batch) for part in self.arguments], position)
            position += batch.rows
        _, answers = table.finalize(np.arange(len(found)))
        columns = {"_id": column_of([{"min": bucket.least, "max": bucket.most} for bucket in found])}
        for (name, _), answer in zip(self.buckets.aggregates, answers, strict=True):
            columns[name] = answer
        yield from self._in_morsels(Batch(columns, len(found)))

    def _in_order(self) -> Callable[[], Iterable[Batch]]:
        """What gives the sorted rows whenever it is called. They are kept if none is on disk: the sorter has counted
        the memory of this copy."""
        if self.sorter.runs:
            return self.sorter.finish
        batches = list(self.sorter.finish())
        return lambda: batches

    def _in_morsels(self, batch: Batch) -> Iterator[Batch]:
        rows = self.context.settings.morsel_rows
        for start in range(0, batch.rows, rows):
            yield batch.slice(start, rows)

    def snapshot(self) -> Snapshot:
        """As `Operator.snapshot`."""
        return self.sorter.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """As `Operator.restore`."""
        self.sorter.restore(snapshot)

    def close(self) -> None:
        """As `Operator.close`."""
        self.sorter.close()


class _Values:
    """The values of several columns, one behind the other, made some at a time when they are asked for."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self.ends = np.cumsum([len(column) for column in columns]).tolist()
        self.starts = [0, *self.ends]
        self.block = lru_cache(BLOCKS_KEPT)(self._block)

    def _block(self, column: int, number: int) -> list[Value]:
        return values_of(self.columns[column].slice(number * BLOCK_ROWS, BLOCK_ROWS))

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, index: int) -> Value:
        column = bisect_right(self.ends, index)
        number, place = divmod(index - self.starts[column], BLOCK_ROWS)
        return self.block(column, number)[place]
