"""BucketAuto: rows sorted by a key and cut into buckets of nearly equal size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from gatherum.kernels.columns.batch import Batch
from gatherum.kernels.columns.build import column_of
from gatherum.kernels.columns.column import Column
from gatherum.kernels.columns.read import values_of
from gatherum.kernels.columns.types import DATE, OBJECT_ID
from gatherum.kernels.fields import missing_to_null
from gatherum.kernels.gathering import Rows, rows_of
from gatherum.kernels.group_table import GroupTable
from gatherum.kernels.sorting import order_of, ranks
from gatherum.kernels.state_batch import StateSchema
from gatherum.physical.operator import Operator, QueryContext, Snapshot
from gatherum.physical.sorter import Sorter
from gatherum.plan.analysis import is_deterministic, may_raise
from gatherum.plan.nodes import BucketAuto
from gatherum.rows.nodes.bucket_auto import cut
from gatherum.rows.nodes.granularity import check_roundable
from gatherum.runtime.threads import run_aside
from gatherum.types.values import Value

Numbered = Callable[[np.ndarray], Iterable[tuple[np.ndarray, Batch]]]
"""Gives for the ends of the buckets in the sorted rows all rows, with the numbers of the buckets they are in."""


_ALIKE: Final = frozenset({pa.int32(), pa.int64(), pa.string(), pa.bool_(), DATE, OBJECT_ID})


class BucketAutoOperator(Operator):
    """Sorts the rows by the key, chooses the bounds from the sorted keys, and aggregates each bucket in this order.

    Where the answer does not depend on the order of a bucket's rows, only the keys are sorted.
    """

    spread = "partial"

    def __init__(self, node: BucketAuto, context: QueryContext) -> None:
        super().__init__(node, context)
        self.buckets = node
        self.key = self.evaluation.compile(node.key)
        self.arguments = [self.evaluation.compile(call.argument) for _, call in node.aggregates]
        self._in_any_order = node.granularity is None and not any(
            (aggregate := call.build()).ordered or aggregate.approximate or may_raise(call.argument)
            or not is_deterministic(call.argument) for _, call in node.aggregates)
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
        """As `Operator.finish`: once the bounds are chosen from the sorted keys, the rows are gone through again, for
        the aggregates."""
        keys, numbered = self._numbered() if self._in_any_order and not self.sorter.runs else self._sorted()
        if not len(keys):
            return
        found = cut(keys, self.buckets)
        schema = StateSchema(None, tuple((name, call.build()) for name, call in self.buckets.aggregates))
        table = GroupTable(schema, self.context.compiled())
        position = 0
        for numbers, batch in numbered(np.array([bucket.end for bucket in found])):
            self.context.cancellation.check()
            table.update([Column(pa.array(numbers))], [part.column(batch) for part in self.arguments], position)
            position += batch.rows
        numbers = table.keys(np.arange(table.size))[0].array
        _, answers = table.finalize(np.argsort(numbers))
        columns = {"_id": column_of([{"min": bucket.least, "max": bucket.most} for bucket in found])}
        for (name, _), answer in zip(self.buckets.aggregates, answers, strict=True):
            columns[name] = answer
        yield from self._in_morsels(Batch(columns, len(found)))

    def _sorted(self) -> tuple[_Values, Numbered]:
        """The sorted keys, and the sorted rows with the numbers of their buckets."""
        in_order = self._in_order()

        def numbered(ends: np.ndarray) -> Iterator[tuple[np.ndarray, Batch]]:
            position = 0
            for batch in in_order():
                yield np.searchsorted(ends, np.arange(position, position + batch.rows), side="right"), batch
                position += batch.rows
        return _Values([self._keys(batch) for batch in in_order()]), numbered

    def _numbered(self) -> tuple[_Values, Numbered]:
        """The sorted keys, and the rows as they were held with the numbers of their buckets: none is copied."""
        held = sorted(self.sorter.held, key=lambda rows: int(rows.ordinals[0]))
        pieces = [rows.batch for rows in held]
        columns = [self._keys(batch) for batch in pieces]
        rows = sum(batch.rows for batch in pieces)
        order = run_aside(lambda: order_of([ranks(columns), *_ties(held, columns)] if columns else [], rows),
                          self.context.cancellation)

        def numbered(ends: np.ndarray) -> Iterator[tuple[np.ndarray, Batch]]:
            numbers = np.empty(rows, np.int32)
            numbers[order] = np.repeat(np.arange(len(ends), dtype=np.int32), np.diff(ends, prepend=0))
            position = 0
            for piece in pieces:
                for batch in self._in_morsels(piece):
                    yield numbers[position:position + batch.rows], batch
                    position += batch.rows
        return _Values(columns, order), numbered

    def _in_order(self) -> Callable[[], Iterable[Batch]]:
        """What gives the sorted rows whenever it is called. They are kept if none is on disk: the sorter has counted
        the memory of this copy."""
        if self.sorter.runs:
            return self.sorter.finish
        batches = list(self.sorter.finish())
        return lambda: batches

    def _in_morsels(self, batch: Batch) -> Iterator[Batch]:
        rows = self.context.made_rows
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


def _ties(pieces: Sequence[Rows], columns: Sequence[Column]) -> list[np.ndarray]:
    """What decides between equal keys: their ordinals, but where the rows are in order, or equal keys are the same for
    certain, so that any may stand as a bound: of 1 and 1.0 the first one does."""
    kinds = {column.array.type for column in columns}
    if len(kinds) == 1 and kinds <= _ALIKE:
        return []
    ordinals = np.concatenate([piece.ordinals for piece in pieces])
    return [ordinals] if (ordinals[1:] <= ordinals[:-1]).any() else []


class _Values(Sequence[Value]):
    """The values of several columns, one behind the other or in an order, each made when it is asked for."""

    def __init__(self, columns: list[Column], order: np.ndarray | None = None) -> None:
        self.columns = columns
        self.order = order
        self.ends = np.cumsum([len(column) for column in columns]).tolist()
        self.starts = [0, *self.ends]

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, index: Any) -> Value:
        place = index if self.order is None else int(self.order[index])
        column = bisect_right(self.ends, place)
        return values_of(self.columns[column].slice(place - self.starts[column], 1))[0]
